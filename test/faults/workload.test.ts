import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  goneWithin,
  isPhase,
  journal,
  processesWith,
  record,
  startRun,
  uniqueSleep,
  useTestnet
} from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const faults = suite('a run whose workload or tools go wrong')
const net = useTestnet(faults, { peers: ['a', 'b', 'c'] })

faults('a workload that fails makes the run fail with status 1, and everything is collected all the same', async () => {
  const run = await startRun(net(), 'c', ['--tools', 'proc', '--', 'sh', '-c', 'echo no >&2; exit 7'])
  assert.is((await run.finished).status, 1)
  const { verdict, workload, sent, reason } = record(net(), 'c', run.run)
  assert.is(verdict, 'workload-failed')
  assert.is(workload[0]?.exit, 7)
  assert.match(reason ?? '', /exit 7/)
  assert.is(sent.filter(each => each.what === '1-default/sample1').length, 3)
})

faults('--propagate-exit passes the status of the workload on', async () => {
  const { status } = await net().bak('c', ['run', '--tools', 'none', '--propagate-exit', '--', 'sh', '-c', 'exit 7'])
  assert.is(status, 7)
})

faults('a workload that cannot be started is a clear error, not a hang, before or after anybody is asked', async () => {
  const none = await net().bak('c', ['run', '--tools', 'none', '--', '/no/such/program'])
  assert.equal([none.status, none.stderr.trim()], [1, `bak: /no/such/program: not found from ${net().folder}`])
  const script = join(net().folder, 'no-interpreter.sh')
  writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 })
  const run = await startRun(net(), 'c', ['--tools', 'none', '--', script])
  assert.is((await run.finished).status, 1)
  assert.match(record(net(), 'c', run.run).reason ?? '', /no-interpreter\.sh/)
})

faults('a workload that hangs is killed at its deadline with all its children', async () => {
  const mark = uniqueSleep()
  const run = await startRun(net(), 'c', [
    '--tools',
    'none',
    '--timeout',
    '1',
    '--',
    'sh',
    '-c',
    `trap '' TERM; sleep ${mark} & sleep ${mark}`
  ])
  assert.is((await run.finished).status, 1)
  const [work] = record(net(), 'c', run.run).workload
  assert.is(work?.timedOut, true)
  assert.ok((work?.duration as number) >= 1000 && (work?.duration as number) < 10_000)
  assert.equal(processesWith(mark), [])
})

faults('a workload that prints a gigabyte is kept whole, and the daemon does not grow with it', async () => {
  const run = await startRun(net(), 'c', [
    '--tools',
    'none',
    '--sysinfo',
    'none',
    '--',
    'head',
    '-c',
    '1073741824',
    '/dev/zero'
  ])
  const { status } = await run.finished
  assert.is(status, 0)
  const folder = join(net().peer('c').home, 'runs', run.run)
  assert.is(statSync(join(folder, '1-default/sample1/workload/c/stdout.txt')).size, 1073741824)
  const shown = run.events.reduce((sum, event) => sum + (event.type === 'output' ? (event.text?.length ?? 0) : 0), 0)
  assert.ok(shown < 64 * 1024 * 1024, `${shown} bytes were shown`)
  const removed = await net().bak('c', ['verify', run.run])
  assert.is(removed.status, 0, removed.stderr)
})

faults('Ctrl-C in mid workload leaves nothing running on any peer within 5 s, and exits with 4', async () => {
  const [work, tool] = [uniqueSleep(), uniqueSleep()]
  // the words of the command are in the file: bak itself is there until the data has come
  const command = `command = ["sh", "-c", "sleep ${work} & sleep ${work}"]\n`
  const file = runFile(`${command}tools = ["idle", "proc"]\n[tool.idle]\ncommand = ["sleep", "${tool}"]\n`)
  const run = await startRun(net(), 'c', [file])
  await run.until(event => event.type === 'workload-started')
  assert.is(processesWith(`sleep\0${tool}`.replace('\0', ' ')).length, 3)
  run.kill('SIGINT')
  await Promise.all([goneWithin(work, 5_000), goneWithin(tool, 5_000)])
  assert.is((await run.finished).status, 4)
  const { verdict, workload } = record(net(), 'c', run.run)
  assert.is(verdict, 'cancelled')
  assert.is(workload.length, 1, 'what became of the workload is told')
  const next = await startRun(net(), 'a', ['--tools', 'proc', '--', 'true'])
  assert.is((await next.finished).status, 0, 'the mesh is ready for the next run')
})

faults(
  'a tool that exits early fails its member at start by name, and the run goes on where the policy says so',
  async () => {
    const file = runFile('tools = ["bad"]\n[tool.bad]\ncommand = ["sh", "-c", "echo it is broken >&2; exit 3"]\n')
    const strict = await startRun(net(), 'c', [file, '--', 'true'])
    assert.is((await strict.finished).status, 3)
    const { excluded } = record(net(), 'c', strict.run)
    assert.is(excluded[0]?.code, 'tool-failed')
    assert.match(excluded[0]?.reason as string, /bad.*3.*it is broken/s)
    const lenient = await startRun(net(), 'c', [file, '--on-failed-tool', 'continue', '--', 'true'])
    assert.is((await lenient.finished).status, 0)
  }
)

faults(
  'a tool that ignores SIGTERM is killed at stop, and one that prints nothing is started all the same',
  async () => {
    const mark = uniqueSleep()
    const file = runFile(
      `tools = ["deaf", "mute"]\n[tool.deaf]\ncommand = ["sh", "-c", "trap '' TERM INT; echo on; while :; do sleep ${mark}; done"]\n` +
        `[tool.mute]\ncommand = ["sleep", "${mark}"]\n`
    )
    const run = await startRun(net(), 'c', [file, '--', 'sleep', '0.5'])
    assert.is((await run.finished).status, 0)
    const { shortfalls } = record(net(), 'c', run.run)
    const killed = shortfalls.filter(({ what, reason }) => what === 'deaf' && reason === 'had to be killed')
    assert.equal(killed.map(({ member }) => member).sort(), ['a', 'b', 'c'])
    assert.equal(processesWith(mark), [])
  }
)

faults('a tool that a member does not have is told before the start, and the policy decides', async () => {
  const file = runFile('tools = ["proc", "ghost"]\n[tool.ghost]\ncommand = ["/no/such/tool"]\n')
  const run = await startRun(net(), 'c', [file, '--', 'true'])
  assert.is((await run.finished).status, 0)
  const lacks = run.events.flatMap(event => (event.type === 'shortfall' ? [event] : []))
  assert.equal(
    lacks.map(({ member, what }) => [member, what]).sort(),
    ['a', 'b', 'c'].map(name => [name, 'ghost'])
  )
  for (const { reason } of lacks) assert.match(reason, /^\/no\/such\/tool is not/)
  const strict = await startRun(net(), 'c', [file, '--on-missing-tool', 'exclude', '--', 'true'])
  assert.is((await strict.finished).status, 3)
  assert.not.ok(strict.events.some(isPhase('start')), 'nothing was started')
})

faults('killing the daemon of a member ends its tools, too', async () => {
  const mark = uniqueSleep()
  const file = runFile(`tools = ["idle"]\n[tool.idle]\ncommand = ["sleep", "${mark}"]\n`)
  const run = await startRun(net(), 'c', [file, '--quorum', '2', '--', 'sleep', '1'])
  await run.until(event => event.type === 'workload-started')
  assert.is(processesWith(mark).length, 3)
  await net().stopPeer('b', 'SIGKILL')
  await until(() => processesWith(mark).length === 2, { timeout: 5_000, what: 'its tool has ended' })
  await run.finished
  assert.ok(journal(net(), 'c', run.run).some(event => event.type === 'excluded'))
  await net().startPeer('b')
})

faults.run()

let files = 0
function runFile(text: string): string {
  const path = join(net().folder, `run${files++}.toml`)
  writeFileSync(path, text)
  return path
}
