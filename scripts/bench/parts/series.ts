/** What tools wrote, read into series: beside awk, which only splits the same files into columns and adds these up. */
import { execFile } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { FileToRead, SeriesJob } from '../../../node/agent/series/job.ts'
import { readers } from '../../../node/tools/readers/index.ts'
import type { SpecInput } from '../../../protocols/spec.ts'
import { root } from '../../bundle.ts'
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, least, most } from '../figure.ts'
import { alternate, type Contender } from '../measure.ts'
import { type Mesh, Spent } from '../mesh.ts'
import { cpuOfAlone } from '../processes.ts'
import { TOOL_TEXTS, writeToolText } from '../tool-text.ts'

/** Of all files together. */
const MIB = 128
const LIMIT_MS = 300_000
const AWK = 'awk'
const BYTES_OF_MIB = 2 ** 20

const run = promisify(execFile)

interface TextFile {
  tool: string
  name: string
  path: string
}

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  yield* atOnce(bench, Math.min(3, bench.options.rounds))
  await bench.noMesh()
  const folder = await bench.scratch('series')
  const files = TOOL_TEXTS.map((text): TextFile => {
    const path = join(folder, `${text.tool}-${text.file}`)
    writeToolText(text, path, MIB / TOOL_TEXTS.length)
    return { tool: text.tool, name: text.file, path }
  })
  const rounds = Math.min(3, bench.options.rounds)
  const all = await alternate([making(folder, files), splitting(files)], { rounds, warmUps: 1 })
  const what = `${MIB} MiB of ${files.map(({ tool }) => tool).join(', ')}`
  yield figure(`${what}, read into series, of one core`, 'MiB/s', 'rate', all, {
    budgets: [least(40, 'MiB/s')],
    note: `processor time of all threads; ${AWK} splits the files into columns and adds them up`
  })
  yield figure(`${what}, points by the second of one core`, 'million/s', 'points', all)
  yield figure(`${what}, memory that it takes`, 'MiB', 'held', all, {
    budgets: [most(100, 'MiB')],
    note: 'the largest that the process was, without what it was before'
  })
  for (const file of files) {
    const outcomes = await alternate([making(folder, [file]), splitting([file])], { rounds: 1, warmUps: 0 })
    yield figure(`${MIB / files.length} MiB of ${file.tool}, read into series, of one core`, 'MiB/s', 'rate', outcomes)
  }
}

/** Every member at once: what the thread costs beside a send alone. */
async function* atOnce(bench: Bench, rounds: number): AsyncGenerator<Figure> {
  const { peers } = bench.options
  const mesh = await bench.mesh(peers)
  const outcomes = await alternate(
    [
      sending(BAK, mesh, { tools: ['proc'] }),
      sending(UNREAD, mesh, { tools: ['text'], tool: { text: { command: COPY } } })
    ],
    { rounds, warmUps: 1 }
  )
  yield* [
    figure(
      `${peers} sends of what proc wrote in 2 s, read into series before, on one machine`,
      'ms',
      'latency',
      outcomes,
      {
        note: `${UNREAD}: a text of a tool without a reader`
      }
    ),
    figure(`processor time of each of these sends, all parts`, 'ms', 'each', outcomes)
  ]
}

/** About as much as proc writes in that time. */
const COPY = ['head', '-c', '20000', '/proc/kallsyms']
const UNREAD = 'a send without series'

function sending(name: string, mesh: Mesh, spec: SpecInput): Contender {
  return {
    name,
    async round() {
      let latency = 0
      const spent = new Spent(mesh, `a send of ${name}`)
      await mesh.run({ command: ['sleep', '2'], interval: 0.5, ...spec }, event => {
        if (event.type === 'phase-open' && event.phase === 'send') spent.begin()
        if (event.type !== 'phase-closed' || event.phase !== 'send') return
        latency = event.took
        spent.end()
      })
      const { cpu = 0 } = spent.each(1)
      return { latency, each: cpu / mesh.members }
    }
  }
}

const mibOf = (files: TextFile[]) => files.reduce((sum, { path }) => sum + statSync(path).size, 0) / BYTES_OF_MIB

function making(folder: string, files: TextFile[]): Contender {
  const job: SeriesJob = {
    output: join(folder, 'series.parquet'),
    info: { run: '20261122T213015-k3f9ab', member: 'm1', clock: { offset: 0, bound: 0 }, began: 1 },
    files: files.map(({ tool, name, path }): FileToRead => {
      const at = readers[tool]?.findIndex(reader => reader.files.some(each => isNamed(name, each))) ?? -1
      if (at < 0) throw new Error(`${name} of ${tool} has no reader`)
      const about = { tool, file: name, options: {}, interval: 1, began: 1, processors: 32 }
      return { path, shown: name, about, reader: { tool, at } }
    }),
    ...{ givenUp: [], remarks: [], time: LIMIT_MS }
  }
  const path = join(folder, 'job.json')
  return {
    name: BAK,
    async round() {
      writeFileSync(path, JSON.stringify(job))
      const program = join(root, 'scripts/bench/peers/series-maker.ts')
      const { stdout } = await run(process.execPath, [program, path], { timeout: LIMIT_MS })
      const { remarks, points, spent, held } = JSON.parse(stdout)
      if (remarks.length > 0) throw new Error(`not all was read: ${JSON.stringify(remarks[0])}`)
      return { rate: mibOf(files) / spent, points: points / 1e6 / spent, held: held / BYTES_OF_MIB }
    }
  }
}

const isNamed = (file: string, by: string | RegExp) => (typeof by === 'string' ? by === file : by.test(file))

function splitting(files: TextFile[]): Contender {
  const program = '{ for (i = 1; i <= NF; i++) sum[i] += $i } END { for (i in sum) print i, sum[i] }'
  const paths = files.map(({ path }) => path)
  return {
    name: AWK,
    async round() {
      const before = cpuOfAlone([process.pid])
      await run(AWK, ['-F', '[, ]+', program, ...paths], { timeout: LIMIT_MS })
      // programs that have ended count with who waited for them
      return { rate: mibOf(files) / ((cpuOfAlone([process.pid]) - before) / 1000) }
    }
  }
}
