/** The programs of one run of another peer: when they start, how they end, and what the audit says of it. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Audit, readAudit } from '../../node/processes/audit.ts'
import { Cgroups } from '../../node/processes/cgroups.ts'
import { Containers } from '../../node/processes/containers.ts'
import { inspect } from '../../node/processes/process-group.ts'
import type { ProgramOfRun } from '../../node/processes/programs.ts'
import { RunPrograms, type RunProgramsInit } from '../../node/processes/run-programs.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'
import { createWorkspace } from '../helpers/workspace.ts'

const test = suite('the programs of one run')

/** On a machine without cgroups, as the user of this process: what is not looked at here. */
function programsOf(change: Partial<RunProgramsInit> = {}, limits = {}) {
  const { folder, supervisor, close } = createWorkspace('run-programs')
  const data = join(folder, 'data')
  mkdirSync(data)
  const path = join(folder, 'audit')
  const programs = new RunPrograms(
    {
      ...{ isolation: { how: 'owner', limit: true }, workFolders: undefined, supervisor, limits, keep: [] },
      cgroups: new Cgroups({ key: 'test', limits: {}, folder }, { v1: {} }),
      ...{
        containers: new Containers({ folder: join(folder, 'containers'), runtime: undefined, isRoot: true }),
        network: true
      },
      audit: new Audit({ path, onError: why => assert.unreachable(why) })
    },
    { ...{ run: 'r', by: 'c', isOwn: false, data, treatmentOf: async () => 'apart' as const }, ...change }
  )
  const request = (name: string, ...argv: string[]): ProgramOfRun => {
    const at = join(data, name)
    mkdirSync(at, { recursive: true })
    return { name, argv, brought: argv, folder: at, stdout: join(at, 'out'), stderr: join(at, 'err') }
  }
  const audit = async () => (await readAudit(path)).map(({ event, name, why }) => [event, name, why])
  return { programs, request, audit, close }
}

test('a program that cannot be started is in the audit with the reason', async () => {
  const { programs, request, audit, close } = programsOf()
  const { folder, ...rest } = request('x', 'sleep', '9')
  const failed = await programs.spawn({ ...rest, folder: join(folder, 'gone') }).then(
    () => undefined,
    error => error.code
  )
  assert.is(failed, 'io')
  const lines = await audit()
  assert.equal(lines[0], ['start', 'x', undefined])
  assert.match(lines[1]?.[2] ?? '', /^not started: .*\/x\/gone is missing/)
  assert.is(lines.length, 2)
  await programs.end()
  await close()
})

test('once all were ended none is started any more, and the reason is named', async () => {
  const { programs, request, audit, close } = programsOf()
  const first = await programs.spawn(request('first', 'sleep', '9'))
  programs.endAll('its owner ended all')
  assert.is((await first.exited).signal, 'SIGTERM')
  assert.is(first.reason(), 'its owner ended all')
  const error = await programs.spawn(request('second', 'sleep', '9')).then(
    () => assert.unreachable() as never,
    thrown => thrown
  )
  assert.equal([error.code, error.message], ['not-allowed', 'second: not started: its owner ended all'])
  await until(async () => (await audit()).length === 2)
  assert.equal(await audit(), [
    ['start', 'first', undefined],
    ['end', 'first', 'its owner ended all']
  ])
  await programs.end()
  await close()
})

test('a program that is being started while its run ends does not outlive it', async () => {
  const { programs, request, close } = programsOf()
  const starting = programs.spawn(request('late', 'sleep', '9'))
  await Promise.resolve()
  await programs.end()
  const pid = await starting.then(
    ({ pid }) => pid,
    () => undefined
  )
  if (pid != null) await until(() => inspect(pid)?.living !== true, { what: 'it is gone' })
  await close()
})

test('a folder belongs to one program until its files are collected', async () => {
  const { programs, request, close } = programsOf()
  const first = await programs.spawn(request('x', 'true'))
  await first.exited
  const second = () =>
    programs.spawn(request('x', 'true')).then(
      () => undefined,
      error => error.message
    )
  assert.is(await second(), 'x: another program of the run works in its folder')
  await first.collect()
  assert.is(await second(), undefined)
  await programs.end()
  await close()
})

test('many programs of a run are ended together', async () => {
  const { programs, request, close } = programsOf()
  const all = await Promise.all(Array.from({ length: 20 }, (_, i) => programs.spawn(request(`p${i}`, 'sleep', '9'))))
  await programs.end()
  for (const { pid } of all) assert.not.ok(inspect(pid)?.living)
  await close()
})

skipWhere(needs('bash'), test)(
  'a program that writes to the descriptor by which its end is seen keeps nobody busy, and its end is seen',
  async () => {
    const { programs, request, close } = programsOf()
    const before = process.cpuUsage()
    const running = await programs.spawn(
      request('flood', 'bash', '-c', 'trap "" PIPE; timeout 2 cat /dev/zero >&19; exit 3')
    )
    assert.is((await running.exited).exit, 3)
    const { user, system } = process.cpuUsage(before)
    assert.ok((user + system) / 1000 < 1_000, `it cost ${(user + system) / 1000} ms of this process`)
    await programs.end()
    await close()
  }
)

test.run()
