import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { proc } from '../../../node/tools/sampled/proc.ts'
import { subjects } from '../../../node/tools/sampled/proc-subjects.ts'
import type { RunningTool } from '../../../node/tools/tool.ts'
import { plainPrograms } from '../../../scripts/plain-programs.ts'
import { createWorkspace, until, type Workspace } from '../../helpers/workspace.ts'

interface Context extends Workspace {
  started?: RunningTool
  start(interval: number, folder?: string): Promise<RunningTool>
  rows(name: string): string[][]
}

const procs = suite<Context>('proc')

procs.before.each(context => {
  const workspace = createWorkspace('proc')
  const start: Context['start'] = async (interval, folder = workspace.folder) => {
    const { signal } = new AbortController()
    const running = await proc.start({
      programs: plainPrograms(workspace.supervisor),
      folder,
      interval,
      options: {},
      signal
    })
    context.started = running
    return running
  }
  const rows = (name: string) =>
    readFileSync(join(workspace.folder, `${name}.csv`), 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => line.split(','))
  Object.assign(context, workspace, { start, rows })
})

procs.after.each(async ({ started, close }) => {
  await started?.stop()
  await close()
})

procs('each subject has a file whose rows fit its header', async ({ start, rows, folder }) => {
  const running = await start(60)
  await running.ready
  assert.equal(await running.stop(), [])
  const required = subjects.filter(subject => !subject.optional).map(subject => `${subject.name}.csv`)
  for (const name of required) assert.ok(readdirSync(folder).includes(name), name)
  for (const name of readdirSync(folder).filter(name => name.endsWith('.csv'))) {
    const [header = [], ...data] = rows(name.slice(0, -4))
    assert.is(header[0], 'time')
    for (const row of data) assert.is(row.length, header.length, name)
  }
})

procs('it samples when it starts, at the interval, and when it stops', async ({ start, rows }) => {
  const running = await start(0.1)
  await running.ready
  const { length } = rows('load')
  assert.ok(length >= 2)
  await until(() => rows('load').length > length + 2 || undefined)
  await running.stop()
  const times = rows('load')
    .slice(1)
    .map(([time]) => Number(time))
  assert.ok(Math.abs((times[0] as number) - running.began) < 1000)
  for (const [i, time] of times.entries()) if (i > 0) assert.ok(time >= (times[i - 1] as number))
})

procs('there are counters of each processor and their total', async ({ start, rows }) => {
  const running = await start(60)
  await running.stop()
  const names = new Set(
    rows('cpu')
      .slice(1)
      .map(row => row[1])
  )
  assert.ok(names.has('cpu') && names.has('cpu0'))
  assert.is(names.size, cpus().length + 1)
})

procs('a second stop does nothing', async ({ start, rows }) => {
  const running = await start(60)
  await running.stop()
  const { length } = rows('load')
  assert.equal(await running.stop(), [])
  assert.is(rows('load').length, length)
})

procs('a folder that cannot be written fails the start and warns at the stop', async ({ start, folder }) => {
  const running = await start(60, join(folder, 'gone'))
  const error = await running.ready.catch(thrown => thrown)
  assert.is(error.code, 'io')
  assert.match((await running.stop())[0] as string, /csv: ENOENT/)
})

procs('a kernel without pressure files is reported and usable', async () => {
  const { usable, reason } = await proc.check({})
  assert.ok(usable)
  assert.ok(reason == null || reason.startsWith('proc: this kernel does not give /proc/pressure/'))
})

procs('an older kernel has fewer columns for disks', () => {
  const disks = subjects.find(subject => subject.name === 'disks')
  const text = '   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n'
  assert.is(disks?.columns(text).at(-1), 'weighted_ms')
  assert.equal(disks?.rows(text), ['sda,1,2,3,4,5,6,7,8,9,10,11'])
})

procs.run()
