/** How soon ten thousand results are listed. */
import { readFileSync, utimesSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RECORD_FILE } from '../../../protocols/layout.ts'
import { type RunRecord, writeRecord } from '../../../protocols/record.ts'
import { BAK as PROGRAM } from '../../../testnets/programs.ts'
import { finished, Testnet } from '../../../testnets/testnet.ts'
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { alternate, type Contender } from '../measure.ts'
import { startOne } from './start-up.ts'

const RESULTS = 10_000
const READ = 'reading every run.json'
const BARE = 'bare Node'
const KERNELS = 100

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { rounds } = bench.options
  await bench.noMesh()
  const testnet = await Testnet.start({ peers: 1, folder: await bench.scratch('lone'), args: () => ['--log', 'error'] })
  bench.after(() => testnet.stop())
  const { home } = testnet.peer('n1')
  const runs = await fill(testnet, home)
  const began = performance.now()
  await list(testnet, {})
  const first = performance.now() - began
  const where = 'tags.kernel = "6.17" and name = bench'
  const asked = await alternate(
    [called(testnet, {}), { name: READ, round: async () => ({ took: await timed(() => readAll(home, runs)) }) }],
    { rounds, warmUps: 1 }
  )
  const filtered = await alternate([called(testnet, { where, sort: '-took' })], { rounds, warmUps: 1 })
  const commands = (words: string[]) =>
    alternate(
      [
        { name: BAK, round: async () => ({ took: await startOne(PROGRAM, ['--home', home, 'ls', ...words], {}) }) },
        { name: BARE, round: async () => ({ took: await startOne(process.execPath, ['-e', '0'], {}) }) }
      ],
      { rounds, warmUps: 1 }
    )
  yield* [
    figure(`list of ${RESULTS} results: asked of the daemon`, 'ms', 'took', asked, {
      budgets: [most(200, 'ms')],
      note: `the very first one, which reads all records, took ${Math.round(first)} ms`
    }),
    figure(`those of ${RESULTS} results that fit an expression: asked of the daemon`, 'ms', 'took', filtered, {
      budgets: [most(200, 'ms')]
    }),
    figure(
      `bak ls --where over ${RESULTS} results: from start to end of the command`,
      'ms',
      'took',
      await commands(['--where', where]),
      {
        budgets: [most(200, 'ms')]
      }
    ),
    figure(`bak ls of ${RESULTS} results: from start to end of the command`, 'ms', 'took', await commands([]))
  ]
}

/** Records of one real run under other ids. */
async function fill(testnet: Testnet, home: string): Promise<string[]> {
  const ran = await finished(
    testnet.spawnBak('n1', ['run', '--name', 'bench', '--tools', 'none', '--sysinfo', 'none', '--quiet', '--', 'true'])
  )
  if (ran.status !== 0) throw new Error(`the run failed: ${ran.stderr}`)
  const record: RunRecord = JSON.parse(readFileSync(join(ran.stdout.trim(), RECORD_FILE), 'utf8'))
  const runs = Array.from({ length: RESULTS }, (_, i) => `20250101T000000-${i.toString(36).padStart(6, '0')}`)
  const minuteAgo = Date.now() / 1000 - 60
  for (const [i, run] of runs.entries()) {
    const folder = join(home, 'runs', run)
    await mkdir(folder)
    const spec = { ...record.spec, tags: { kernel: `6.${i % KERNELS}`, campaign: 'nightly' } }
    await writeFile(join(folder, RECORD_FILE), writeRecord({ ...record, run, spec, begun: i + 1 }))
    // no result that rests changed a moment ago
    utimesSync(folder, minuteAgo, minuteAgo)
  }
  return runs
}

type Asked = { where?: string; sort?: string }

const called = (testnet: Testnet, request: Asked): Contender => ({
  name: BAK,
  round: async () => ({ took: await timed(() => list(testnet, request)) })
})

async function list(testnet: Testnet, request: Asked): Promise<void> {
  for await (const { runs } of testnet.call('n1', 'ls', request))
    if (runs.length === 0) throw new Error('no run is listed')
}

function readAll(home: string, runs: string[]): Promise<void> {
  for (const run of runs) JSON.parse(readFileSync(join(home, 'runs', run, RECORD_FILE), 'utf8'))
  return Promise.resolve()
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}
