import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunEvent } from '../../protocols/events.ts'
import {
  finished,
  goneWithin,
  isPhase,
  processesWith,
  record,
  startRun,
  uniqueSleep,
  useTestnet
} from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const tools = suite('tools that run from init to end, and tools that end by themselves')
const net = useTestnet(tools, { peers: ['a', 'b', 'c'] })

let files = 0
/** @returns the path of a run file */
function runFile(text: string): string {
  const path = join(net().folder, `persistent-${files++}.toml`)
  writeFileSync(path, text)
  return path
}

/** Writes a line when it starts, and each tenth of a second. */
const ticking = (mark: string) =>
  JSON.stringify(['/bin/sh', '-c', `echo begun; sleep ${mark} & while echo tick; do sleep 0.1; done`])

const folderOf = (run: string, ...path: string[]) => join(net().peer('a').home, 'runs', run, ...path)
const textOf = (...path: Parameters<typeof folderOf>) => readFileSync(folderOf(...path), 'utf8')
const linesOf = (...path: Parameters<typeof folderOf>) =>
  textOf(...path)
    .trim()
    .split('\n')
const verifies = async (run: string) => {
  const { status, stdout, stderr } = await net().bak('a', ['verify', run])
  assert.is(status, 0, stdout + stderr)
}

tools('a persistent tool is one process through all samples, in each group, and its data comes with end', async () => {
  const mark = uniqueSleep()
  const spec = runFile(`
    tools = ["x", "vmstat"]
    samples = 2
    interval = 1
    [tool.x]
    command = ${ticking(mark)}
    lifetime = "persistent"
    [[groups]]
    name = "db"
    on = "b"
    tools = ["x"]`)
  const run = await startRun(net(), 'a', [spec, '--on', 'a,b', '--', 'sleep', '1.2'])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  for (const [group, member] of [
    ['default', 'a'],
    ['default', 'b'],
    ['db', 'b']
  ] as const) {
    const lines = linesOf(run.run, `tools-${group}`, member, 'x', 'x-stdout.txt')
    assert.is(lines.filter(line => line === 'begun').length, 1)
    assert.ok(lines.length > 20, `${lines.length} lines in two samples`)
  }
  assert.not(existsSync(folderOf(run.run, '1-default/sample1/tools-default/b/x')))
  assert.ok(existsSync(folderOf(run.run, '1-default/sample2/tools-default/b/vmstat/vmstat-stdout.txt')))
  const { sent, shortfalls, partial, observed = [] } = record(net(), 'a', run.run)
  assert.equal([shortfalls, partial], [[], false])
  assert.equal(
    sent
      .filter(({ what }) => what === 'persistent tools')
      .map(({ name }) => name)
      .sort(),
    ['a', 'b']
  )
  const costs = observed.flatMap(({ members }) => members.map(each => each.tools))
  assert.is(costs.length, 4)
  await verifies(run.run)
  const elsewhere = join(net().folder, 'elsewhere')
  mkdirSync(elsewhere)
  const copied = await net().bak('a', ['copy', run.run, elsewhere])
  assert.is(copied.status, 0, copied.stderr)
  const there = await net().bak('a', ['verify', join(elsewhere, run.run)])
  assert.is(there.status, 0, there.stdout + there.stderr)
  assert.ok(existsSync(join(elsewhere, run.run, 'tools-db/b/x/x-stdout.txt')))
  await goneWithin(mark, 5_000)
})

tools('what a persistent tool costs is counted in each sample, from its begin to its end', async () => {
  const busy = JSON.stringify(['/bin/sh', '-c', 'echo begun; while :; do :; done'])
  const spec = runFile(`
    tools = ["x"]
    samples = 2
    on = "b"
    [tool.x]
    command = ${busy}
    lifetime = "persistent"`)
  const run = await startRun(net(), 'a', [spec, '--', 'sleep', '1'])
  assert.is((await run.finished).status, 0)
  const costs = (record(net(), 'a', run.run).observed ?? []).map(
    ({ members }) => members.find(({ name }) => name === 'b') ?? { tools: 0, elapsed: 0 }
  )
  assert.is(costs.length, 2)
  for (const { tools: took, elapsed } of costs)
    assert.ok(took > 100 && took < elapsed + 100, `${took} ms in ${elapsed} ms`)
})

const isNamed = (event: RunEvent) => event.type === 'shortfall' && /ended early with signal SIGKILL/.test(event.reason)

/** A run file with the tool x, which sleeps. @param options further lines of its table */
const sleeper = (mark: string, { on = 'b', samples = 1, lifetime = 'persistent', options = '' }) =>
  runFile(`
    tools = ["x"]
    samples = ${samples}
    on = "${on}"
    [tool.x]
    command = ["/bin/sh", "-c", "echo begun; exec sleep ${mark}"]
    lifetime = "${lifetime}"
    ${options}`)

/** @returns the processes of such a tool on a peer */
const sleepersOf = (peer: string, mark: string) =>
  processesWith(mark).filter(pid => isUnder(pid, net().peer(peer).child?.pid as number, mark))

/** A run with a tool on b that is killed while the workload runs. @param work seconds */
async function killedTool(
  lifetime: string,
  onEnd: string,
  { quorum = '1', work = 2, samples = 1, args = [] as string[], policy = false, kills = 1 } = {}
) {
  const mark = uniqueSleep()
  const options = policy ? `[policy]\non_ended_tool = "${onEnd}"` : `on_end = "${onEnd}"`
  const spec = sleeper(mark, { on: 'b,c', samples, lifetime, options })
  const run = await startRun(net(), 'a', [spec, '--quorum', quorum, ...args, '--', 'sleep', `${work}`])
  await run.until(event => event.type === 'workload-started')
  const tool = () => sleepersOf('b', mark)
  for (let i = 0; i < kills; i++) {
    const [pid] = await until(() => tool().length === 1 && tool(), { what: 'the tool runs on b' })
    process.kill(pid as number, 'SIGKILL')
    // one that is killed before its first output could not be started
    await until(() => run.events.filter(isNamed).length > i, { what: 'its end is named while it works' })
  }
  const ended = await run.finished
  await goneWithin(mark, 5_000)
  await verifies(run.run)
  return { ...ended, ...record(net(), 'a', run.run), events: run.events }
}

/** Whether a process was started by the daemon: what starts a program may stand in between. */
function isUnder(pid: number, daemon: number, mark: string): boolean {
  try {
    const [, parent] = /\nPPid:\t(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    const isProgram = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() === `sleep ${mark}`
    return isProgram && (Number(parent) === daemon || isUnderAny(Number(parent), daemon))
  } catch {
    return false
  }
}
function isUnderAny(pid: number, daemon: number): boolean {
  for (let at = pid; at > 1; ) {
    if (at === daemon) return true
    const [, parent] = /\nPPid:\t(\d+)/.exec(readFileSync(`/proc/${at}/status`, 'utf8')) ?? []
    at = Number(parent)
  }
  return false
}

for (const lifetime of ['transient', 'persistent']) {
  tools(`a ${lifetime} tool that is killed is only named with ignore`, async () => {
    const { status, verdict, shortfalls, excluded } = await killedTool(lifetime, 'ignore', { policy: true })
    assert.equal([status, verdict, excluded], [0, 'ok', []])
    assert.equal(shortfalls, [{ kind: 'tool', member: 'b', what: 'x', reason: 'ended early with signal SIGKILL' }])
  })

  tools(`a ${lifetime} tool that is killed is started again with restart, and what is missing is named`, async () => {
    const { status, verdict, shortfalls, run } = await killedTool(lifetime, 'restart', { work: 5, kills: 2 })
    assert.equal([status, verdict], [0, 'ok'])
    assert.is(shortfalls.length, 2)
    const [first, second] = shortfalls
    assert.match(
      `${first?.member} ${first?.reason}`,
      /^b ended early with signal SIGKILL; 1\.\d s are missing, then it was started again, in restart1$/
    )
    assert.match(second?.reason ?? '', /in restart2$/)
    const folder = lifetime === 'transient' ? '1-default/sample1/tools-default/b/x' : 'tools-default/b/x'
    for (const each of ['', 'restart1', 'restart2']) assert.ok(existsSync(folderOf(run, folder, each, 'x.cmd')), each)
  })

  tools(`a ${lifetime} tool that is killed takes its member out of the run with exclude`, async () => {
    const { status, verdict, excluded, partial, sent } = await killedTool(lifetime, 'exclude', { samples: 2 })
    assert.equal([status, verdict, partial], [0, 'ok', true])
    assert.equal(
      excluded.map(({ name, phase, code, reason }) => [name, phase, code, reason]),
      [['b', 'work', 'tool-failed', 'x: ended early with signal SIGKILL']]
    )
    const what = lifetime === 'transient' ? '1-default/sample1' : 'persistent tools'
    assert.ok(
      sent.some(each => each.name === 'b' && each.what === what),
      'what it had measured came with the end'
    )
  })

  tools(`a ${lifetime} tool that is killed fails the run with fail, at once`, async () => {
    const began = performance.now()
    const { status, verdict, reason, shortfalls } = await killedTool(lifetime, 'fail', { work: 60 })
    assert.ok(performance.now() - began < 40_000, 'the workload was not waited for')
    assert.equal([status, verdict], [74, 'failed'])
    assert.is(reason, 'x on b: ended early with signal SIGKILL; that fails the run')
    assert.is(shortfalls.length, 1)
  })
}

tools('exclude ends a run that needs the member', async () => {
  const { status, verdict, reason } = await killedTool('persistent', 'exclude', { quorum: 'all', work: 60 })
  assert.equal([status, verdict], [3, 'quorum'])
  assert.match(reason ?? '', /^b: x: ended early with signal SIGKILL; 2 of 2 members are needed$/)
})

tools(
  'a tool that ended is on the screen when it does, on the last lines, in bak show and in a strict exit status',
  async () => {
    const mark = uniqueSleep()
    const spec = sleeper(mark, { on: 'b', options: 'on_end = "restart"' })
    const child = net().spawnBak('a', ['run', spec, '--strict', '--', 'sleep', '4'])
    let text = ''
    child.stderr?.on('data', data => (text += data))
    const ended = finished(child)
    await until(() => /phase=start .*ok/.test(text), { timeout: 30_000 })
    const tool = () => sleepersOf('b', mark)
    const [pid] = await until(() => tool().length === 1 && tool())
    process.kill(pid as number, 'SIGKILL')
    const words =
      /missing=x on b: ended early with signal SIGKILL; 1\.\d s are missing, then it was started again, in restart1/
    await until(() => words.test(text), { what: () => text })
    assert.not.match(text, /phase=work/, 'it is said before the workload has ended')
    assert.is((await ended).status, 2)
    assert.match(text.trim().split('\n').at(-2) ?? '', /^missing x on b: ended early .*, in restart1/)
    const shown = await net().bak('a', ['show', 'last'])
    assert.match(shown.stdout, /MISSING +ON +REASON\nx +b +ended early with signal SIGKILL; 1\.\d s are missing/)
  }
)

tools('exclude ends a run whose command the member runs, whatever its quorum is', async () => {
  const mark = uniqueSleep()
  const spec = sleeper(mark, { on: 'a,b', options: 'on_end = "exclude"\n[policy]\nquorum = 1' })
  const run = await startRun(net(), 'a', [spec, '--', 'sleep', '60'])
  await run.until(event => event.type === 'workload-started')
  const [pid] = sleepersOf('a', mark)
  process.kill(pid as number, 'SIGKILL')
  assert.is((await run.finished).status, 3)
  const { reason, excluded } = record(net(), 'a', run.run)
  assert.is(reason, 'a: x: ended early with signal SIGKILL; it runs the command')
  assert.equal(
    excluded.map(({ name, phase }) => [name, phase]),
    [['a', 'work']]
  )
  await goneWithin(mark, 5_000)
  await verifies(run.run)
})

tools('a persistent tool that fails to start follows on_failed_tool', async () => {
  const spec = (policy: string) =>
    runFile(`
      tools = ["x", "vmstat"]
      on = "b,c"
      [tool.x]
      command = ["/bin/sh", "-c", "echo no disk >&2; exit 4"]
      lifetime = "persistent"
      [policy]
      quorum = 1
      on_failed_tool = "${policy}"`)
  const without = await startRun(net(), 'a', [spec('continue'), '--', 'sleep', '0.3'])
  assert.is((await without.finished).status, 0)
  const { shortfalls, excluded } = record(net(), 'a', without.run)
  assert.equal(excluded, [])
  assert.equal(shortfalls.map(({ member, what }) => [member, what]).sort(), [
    ['b', 'x'],
    ['c', 'x']
  ])
  assert.match(shortfalls[0]?.reason ?? '', /^ended with exit 4 before its first output: no disk/)
  await verifies(without.run)
  const out = await startRun(net(), 'a', [spec('exclude'), '--', 'sleep', '0.3'])
  assert.is((await out.finished).status, 3)
  assert.equal(
    record(net(), 'a', out.run).excluded.map(({ name, phase, code }) => [name, phase, code]),
    [
      ['b', 'init', 'tool-failed'],
      ['c', 'init', 'tool-failed']
    ]
  )
})

tools('cancel ends persistent tools, and keeps what they wrote', async () => {
  const mark = uniqueSleep()
  const spec = runFile(`
    tools = ["x"]
    on = "b"
    [tool.x]
    command = ${ticking(mark)}
    lifetime = "persistent"`)
  const run = await startRun(net(), 'a', [spec, '--', 'sleep', '60'])
  await run.until(event => event.type === 'workload-started')
  await net().bak('a', ['cancel', run.run])
  assert.is((await run.finished).status, 4)
  assert.ok(readdirSync(folderOf(run.run, 'tools-default/b/x')).includes('x-stdout.txt'))
  await verifies(run.run)
  await goneWithin(mark, 5_000)
})

tools('a run that is cancelled while they start names none as taken away by its daemon', async () => {
  const mark = uniqueSleep()
  const spec = runFile(`
    tools = ["quick", "slow"]
    sysinfo = "none"
    [tool.quick]
    command = ${ticking(mark)}
    lifetime = "persistent"
    [tool.slow]
    command = ["sleep", "${mark}"]
    lifetime = "persistent"
    ready_after = 20`)
  const run = await startRun(net(), 'a', [spec, '--on', 'a,b', '--', 'true'])
  await run.until(isPhase('init'))
  await until(() => processesWith(`sleep ${mark}`).length >= 4, { what: 'all tools run' })
  run.kill('SIGINT')
  assert.is((await run.finished).status, 4)
  const { shortfalls } = record(net(), 'a', run.run)
  assert.equal(
    shortfalls.filter(({ reason }) => reason?.includes('restarted')),
    []
  )
  await goneWithin(`sleep ${mark}`, 5_000)
  await verifies(run.run)
})

tools.run()
