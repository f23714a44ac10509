import { spawn as spawnChild } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inspect, isAlive } from '../../node/processes/process-group.ts'
import { type StopOptions, type Supervised, Supervisor, sweep } from '../../node/processes/supervisor.ts'
import type { BakError } from '../../protocols/errors.ts'
import { createWorkspace, fixture, until, type Workspace } from '../helpers/workspace.ts'

interface Context extends Workspace {
  run(fixture: string, ...args: string[]): Promise<Supervised>
}

const supervisors = suite<Context>('supervisor')
const env = { PATH: process.env.PATH ?? '' }

supervisors.before.each(context => {
  Object.assign(context, createWorkspace('supervisor'))
  context.run = (name, ...args) => context.supervisor.spawn(program(context.folder, fixture(name), ...args))
})

supervisors.after.each(({ close }) => close())

supervisors('the output of a program goes into its files, appended', async ({ run, folder }) => {
  writeFileSync(join(folder, 'stdout'), 'before\n')
  const { exited } = await run('exits-early')
  const { exit, signal, duration } = await exited
  assert.is(exit, 3)
  assert.is(signal, undefined)
  assert.ok(duration > 0)
  assert.is(readFileSync(join(folder, 'stdout'), 'utf8'), 'before\n')
  assert.is(readFileSync(join(folder, 'stderr'), 'utf8'), 'no such device\n')
})

supervisors('a program that prints much costs the daemon no memory', async ({ run, folder }) => {
  const before = process.memoryUsage().rss
  await (await run('prints-much', '64')).exited
  assert.is(statSync(join(folder, 'stdout')).size, 64 * 1024 * 1024)
  assert.ok(process.memoryUsage().rss - before < 32 * 1024 * 1024)
})

const ENDS: Array<[string, { exit?: number; signal?: string }]> = [
  ['exit 0', { exit: 0 }],
  ['exit 34', { exit: 34 }],
  ['exit 162', { exit: 162 }],
  ['exit 255', { exit: 255 }],
  ['kill -TERM $$', { signal: 'SIGTERM' }],
  ['kill -KILL $$', { signal: 'SIGKILL' }],
  ['kill -34 $$', { signal: '34' }],
  ['kill -50 $$', { signal: '50' }],
  ['kill -64 $$', { signal: '64' }],
  ['(kill -40 $BASHPID); exit 0', { exit: 0 }],
  ['exec 19>&-; exit 0', { exit: 0 }]
]
for (const [script, { exit, signal }] of ENDS) {
  supervisors(`a program ends as it does: ${script}`, async ({ supervisor, folder }) => {
    const ended = await (await supervisor.spawn(program(folder, 'bash', '-c', script))).exited
    assert.is(ended.exit, exit)
    assert.is(ended.signal, signal)
  })
}

supervisors(
  'programs that run beside each other and that a real-time signal ends are all known to have failed',
  async context => {
    const { supervisor, folder } = context
    const children = await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        supervisor.spawn(program(folder, 'bash', '-c', `sleep ${0.1 + i / 8}; kill -35 $$`))
      )
    )
    const ends = await Promise.all(children.map(each => each.exited))
    assert.equal(
      ends.map(each => each.signal),
      ends.map(() => '35')
    )
  }
)

supervisors('a missing program is an error with its name', async ({ supervisor, folder }) => {
  const error = await failure(supervisor.spawn(program(folder, 'no-such-program')))
  assert.is(error.code, 'tool-unavailable')
  assert.match(error.message, 'no-such-program: not found')
})

supervisors('a file that is not executable is an error with its name', async ({ supervisor, folder }) => {
  writeFileSync(join(folder, 'plain'), '')
  const error = await failure(supervisor.spawn(program(folder, join(folder, 'plain'))))
  assert.is(error.code, 'tool-unavailable')
  assert.match(error.message, 'is not executable')
})

supervisors('a missing folder is not reported as a missing program', async ({ supervisor, folder }) => {
  const error = await failure(supervisor.spawn({ ...program(folder, 'true'), cwd: join(folder, 'gone') }))
  assert.is(error.code, 'io')
  assert.match(error.message, 'its folder')
})

supervisors('stop sends the signal of its options', async ({ run }) => {
  const running = await run('forever')
  const { signal, exit } = await running.stop({ signal: 'SIGINT' })
  assert.is(signal, 'SIGINT')
  assert.is(exit, undefined)
  assert.not(isAlive(running.pid))
})

supervisors('a program that ignores TERM is killed with its children', async ({ run, folder }) => {
  const running = await run('ignores-term')
  await isWritten(join(folder, 'stdout'))
  const { signal } = await running.stop({ grace: 50 })
  assert.is(signal, 'SIGKILL')
  assert.not(isAlive(running.pid))
})

supervisors('stop kills a grandchild that ignores TERM although its parents obeyed', async ({ run, folder }) => {
  const running = await run('forks-a-child')
  const grandchild = await pidIn(join(folder, 'stdout'))
  const { signal } = await running.stop({ grace: 50 })
  assert.is(signal, 'SIGTERM')
  assert.not(isLiving(grandchild))
})

supervisors('processes that outlive their program can still be stopped', async ({ run, folder }) => {
  const running = await run('forks-a-child', 'leave')
  const grandchild = await pidIn(join(folder, 'stdout'))
  assert.is((await running.exited).exit, 0)
  assert.ok(isLiving(grandchild))
  assert.is((await running.stop({ grace: 0 })).exit, 0)
  assert.not(isLiving(grandchild))
})

supervisors('stop after the end returns the exit status', async ({ run }) => {
  const running = await run('exits-early')
  await running.exited
  assert.is((await running.stop()).exit, 3)
  assert.is((await running.stop()).exit, 3)
})

supervisors('an abort stops the program, and an earlier abort prevents its start', async ({ supervisor, folder }) => {
  const abort = new AbortController()
  const running = await supervisor.spawn({ ...program(folder, fixture('forever')), signal: abort.signal })
  abort.abort()
  assert.is((await running.exited).signal, 'SIGTERM')
  const late = supervisor.spawn({ ...program(folder, fixture('forever')), signal: abort.signal })
  assert.is((await failure(late)).code, 'interrupted')
})

supervisors('close ends all programs and the guard', async ({ supervisor, run, folder }) => {
  const all = await Promise.all([run('forever'), run('silent'), run('ignores-term')])
  const guard = supervisor.guardPid as number
  assert.ok(isLiving(guard))
  await supervisor.close({ grace: 50 })
  for (const { pid } of all) assert.not(isAlive(pid))
  assert.not(isLiving(guard))
  assert.equal(JSON.parse(readFileSync(join(folder, 'ledger'), 'utf8')).groups, [])
  assert.is((await failure(run('forever'))).code, 'state')
})

supervisors('a killed guard is replaced by one that watches the running groups', async ({ supervisor, run }) => {
  const running = await run('forever')
  const first = supervisor.guardPid as number
  process.kill(first, 'SIGKILL')
  const second = await until(() => (supervisor.guardPid === first ? undefined : supervisor.guardPid))
  assert.ok(isLiving(second))
  assert.ok(isLiving(running.pid))
})

supervisors('the guard ignores signals that are meant for the daemon', async ({ supervisor, run }) => {
  await run('forever')
  const guard = supervisor.guardPid as number
  await until(() => ignoresTerm(guard) || undefined)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(guard, signal)
  await sleep(20)
  assert.is(supervisor.guardPid, guard)
  assert.ok(isLiving(guard))
})

supervisors('the guard kills every group when the daemon is killed', async ({ folder }) => {
  const { pid, guard, daemon } = await startDaemon(folder)
  const grandchild = await pidIn(join(folder, 'stdout'))
  daemon.kill('SIGKILL')
  await until(() => !isLiving(guard) || undefined)
  await until(() => !isAlive(pid) || undefined)
  assert.not(isLiving(grandchild))
})

supervisors('the guard does not keep an idle daemon from ending', async ({ folder }) => {
  const script = `
    import { Supervisor } from '${new URL('../../node/processes/supervisor.ts', import.meta.url)}'
    const supervisor = new Supervisor({ ledger: '${folder}/other' })
    const running = await supervisor.spawn({ argv: ['true'], cwd: '/', env: process.env,
      stdout: '${folder}/stdout', stderr: '${folder}/stderr' })
    await running.exited
    console.log(supervisor.guardPid)`
  const child = spawnChild(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [guard] = await once(child.stdout.setEncoding('utf8'), 'data')
  assert.equal(await once(child, 'exit'), [0, null])
  await until(() => !isLiving(Number(guard)) || undefined)
})

supervisors('sweep kills what is left if daemon and guard died', async ({ folder }) => {
  const { pid, guard, daemon, ledger } = await startDaemon(folder)
  const grandchild = await pidIn(join(folder, 'stdout'))
  // stopped, so that it can neither replace its guard nor update the ledger
  daemon.kill('SIGSTOP')
  process.kill(guard, 'SIGKILL')
  daemon.kill('SIGKILL')
  await once(daemon, 'exit')
  assert.ok(isLiving(grandchild))
  assert.is(await sweep(ledger), 1)
  assert.not(isAlive(pid))
  assert.not(isLiving(grandchild))
  assert.not(existsSync(ledger))
})

supervisors('a damaged ledger does not keep a daemon from starting', async ({ folder }) => {
  const ledger = join(folder, 'damaged')
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  for (const content of ['', '{', '7', JSON.stringify({ boot }), JSON.stringify({ boot, groups: [{ group: 'x' }] })]) {
    writeFileSync(ledger, content)
    assert.is(await sweep(ledger), 0)
  }
})

supervisors('sweep spares another process with a pid of the ledger', async ({ run, folder }) => {
  const { pid } = await run('forever')
  const ledger = join(folder, 'old')
  const content = JSON.parse(readFileSync(join(folder, 'ledger'), 'utf8'))
  const [{ processes }] = content.groups
  writeFileSync(ledger, JSON.stringify({ ...content, boot: 'another' }))
  assert.is(await sweep(ledger), 0)
  const groups = [{ group: pid, processes: [{ pid, started: String(Number(processes[0].started) - 1) }] }]
  writeFileSync(ledger, JSON.stringify({ ...content, groups }))
  assert.is(await sweep(ledger), 0)
  assert.ok(isLiving(pid))
})

supervisors('sweep of a missing or truncated ledger kills nothing', async ({ folder }) => {
  assert.is(await sweep(join(folder, 'none')), 0)
  writeFileSync(join(folder, 'torn'), '{"boot":')
  assert.is(await sweep(join(folder, 'torn')), 0)
})

supervisors('a program whose group cannot be recorded is killed', async ({ folder }) => {
  const supervisor = new Supervisor({ ledger: join(folder, 'gone', 'ledger') })
  const error = await failure(supervisor.spawn(program(folder, fixture('forever'))))
  assert.is(error.code, 'io')
  await supervisor.close({ grace: 0 } satisfies StopOptions)
})

supervisors('a full disk does not keep processes that outlive their program from being stopped', async ({ folder }) => {
  const inner = join(folder, 'inner')
  mkdirSync(inner)
  const supervisor = new Supervisor({ ledger: join(inner, 'ledger') })
  const running = await supervisor.spawn(program(folder, fixture('forks-a-child'), 'leave'))
  rmSync(inner, { recursive: true })
  const grandchild = await pidIn(join(folder, 'stdout'))
  await running.exited
  await running.stop({ grace: 0 })
  assert.not(isLiving(grandchild))
  await supervisor.close()
})

supervisors('output in a missing folder is an io error, and nothing is started', async ({ supervisor, folder }) => {
  const error = await failure(supervisor.spawn({ ...program(folder, 'true'), stdout: join(folder, 'gone', 'stdout') }))
  assert.is(error.code, 'io')
  assert.is(supervisor.guardPid, undefined)
})

supervisors('an abort during the start stops the program', async ({ supervisor, folder }) => {
  const abort = new AbortController()
  const starting = supervisor.spawn({ ...program(folder, fixture('forever')), signal: abort.signal })
  abort.abort()
  assert.is((await (await starting).exited).signal, 'SIGTERM')
})

supervisors('stops of one program at the same time all return its exit', async ({ run }) => {
  const running = await run('forever')
  const exits = await Promise.all([running.stop(), running.stop({ signal: 'SIGINT' }), running.stop()])
  assert.is(new Set(exits.map(({ signal }) => signal)).size, 1)
  assert.not(isAlive(running.pid))
})

supervisors.run()

const program = (folder: string, ...argv: string[]) => ({
  argv,
  cwd: folder,
  env,
  stdout: join(folder, 'stdout'),
  stderr: join(folder, 'stderr')
})

async function startDaemon(folder: string) {
  const ledger = join(folder, 'daemon-ledger')
  const daemon = spawnChild(process.execPath, [fixture('daemon.mjs'), ledger, folder], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [line] = await once(daemon.stdout.setEncoding('utf8'), 'data')
  const [pid, guard] = line.trim().split(' ').map(Number)
  return { daemon, ledger, pid, guard }
}

async function failure(promise: Promise<unknown>): Promise<BakError> {
  return promise.then(
    () => assert.unreachable('it should have failed') as never,
    error => error
  )
}

const isLiving = (pid: number) => inspect(pid)?.living === true

const ignoresTerm = (pid: number) => {
  const [, mask] = /^SigIgn:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number.parseInt(String(mask), 16) & (1 << 14)) !== 0
}

const isWritten = (path: string) => until(() => (existsSync(path) && statSync(path).size > 0) || undefined)

async function pidIn(path: string): Promise<number> {
  return until(() => Number(/^(\d+)\n/.exec(readFileSync(path, 'utf8'))?.[1]) || undefined)
}
