/** What the tools of this machine write now is read: other versions than the recorded ones may write otherwise. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findTool } from '../../../node/tools/index.ts'
import { readers } from '../../../node/tools/readers/index.ts'
import { plainPrograms } from '../../../scripts/plain-programs.ts'
import { checkTool } from '../../helpers/check-tool.ts'
import { skipWhere } from '../../helpers/skip.ts'
import { createWorkspace } from '../../helpers/workspace.ts'
import { type Found, readText } from './read.ts'

/** By tool, a series that it has everywhere. */
const EXPECTED: Record<string, string> = {
  proc: 'cpu.busy{cpu=all}',
  'proc-interrupts': 'interrupts{cpu=0}',
  'proc-vmstat': 'page.faults',
  disk: 'filesystem.size{mount=/}',
  numastat: 'numa.memory.free{node=0}',
  cgroup: 'cgroup.cpu{cgroup=/}',
  vmstat: 'context.switches',
  mpstat: 'cpu.busy{cpu=0}',
  iostat: 'cpu.busy{cpu=all}',
  pidstat: 'process.cpu{',
  sar: 'run.queue',
  'perf-stat': 'perf.context_switches'
}

const test = suite('what tools of this machine write')
const checked = new Map<string, Awaited<ReturnType<typeof checkTool>>>()
for (const name of Object.keys(EXPECTED)) checked.set(name, await checkTool(name, {}))

const workspace = createWorkspace('readers')
const began = Date.now()
let ended = began
const begins = new Map<string, number>()

// all at once, as it is done in a run
test.before(async () => {
  const programs = plainPrograms(workspace.supervisor)
  const usable = [...checked].flatMap(([name, each]) => (each.usable ? [name] : []))
  const { signal } = new AbortController()
  const running = await Promise.all(
    usable.map(async name => {
      const folder = join(workspace.folder, name)
      mkdirSync(folder)
      const tool = await findTool(name, {}).start({ folder, interval: 1, options: {}, programs, signal })
      await tool.ready
      begins.set(name, tool.began)
      return tool
    })
  )
  await sleep(2_500)
  await Promise.all(running.map(each => each.stop()))
  ended = Date.now()
})
test.after(() => workspace.close())

for (const [name, series] of Object.entries(EXPECTED)) {
  const { usable, reason } = checked.get(name) as { usable: boolean; reason?: string }
  skipWhere(usable ? undefined : reason, test)(`of ${name} each line is read, at times within the run`, () => {
    const folder = join(workspace.folder, name)
    const found = readdirSync(folder).flatMap(file => readFile(name, folder, file, begins.get(name) as number))
    assert.equal(
      found.flatMap(({ bad }) => bad),
      []
    )
    const one = found.flatMap(({ series: all }) => [...all].filter(([each]) => each.startsWith(series)))[0]?.[1]
    assert.ok(one != null && one.t.length > 0, `no ${series}`)
    // programs print whole seconds
    for (const t of one.t) assert.ok(t > began - 1_000 && t < ended + 1_000, `${t}, not within ${began} and ${ended}`)
  })
}

test.run()

function readFile(tool: string, folder: string, file: string, began: number): Found[] {
  const reader = readers[tool]?.find(({ files }) => files.includes(file))
  if (reader == null) return []
  const path = join(folder, file)
  const [program = '', ...words] = reader.convert?.(path, { tool, file, options: {}, interval: 1, began }) ?? []
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  const text = program === '' ? readFileSync(path, 'utf8') : spawnSync(program, words, { env, encoding: 'utf8' }).stdout
  return [readText(tool, file, text, { began })]
}
