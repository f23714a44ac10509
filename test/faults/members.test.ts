import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { goneWithin, isPhase, record, sleep, startRun, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const faults = suite('a run whose members fail')
const net = useTestnet(faults, { peers: ['a', 'b', 'c'] })

faults.before.each(async () => {
  if (net().peer('b').child == null) await net().startPeer('b')
  await net().until('c', members => members.filter(m => m.state === 'alive').length === 3)
})

faults('a member killed in mid workload fails a run that needs all, and is named', async () => {
  const run = await startRun(net(), 'c', ['--tools', 'proc,vmstat', '--quorum', 'all', '--', 'sleep', '2'])
  await run.until(event => event.type === 'workload-started')
  await net().stopPeer('b', 'SIGKILL')
  const { status } = await run.finished
  assert.is(status, 3)
  const { verdict, excluded, partial } = record(net(), 'c', run.run)
  assert.is(verdict, 'quorum')
  assert.is(partial, true)
  assert.equal(
    excluded.map(each => [each.name, each.phase, each.code]),
    [['b', 'stop', 'lost']]
  )
  const closed = run.events
    .filter(event => event.type === 'phase-closed')
    .map(event => (event as { phase: string }).phase)
  assert.equal(closed.slice(-5), ['stop', 'send', 'end', 'sysinfo', 'terminate'], 'the clean-up happens all the same')
})

faults(
  'the same with a quorum of two ends well, marked partial, with the lost member named on the last lines',
  async () => {
    const child = net().spawnBak('c', ['run', '--quorum', '2', '--tools', 'proc', '--', 'sleep', '2'])
    const texts = { out: '', err: '' }
    child.stdout?.on('data', data => (texts.out += data))
    child.stderr?.on('data', data => (texts.err += data))
    const status = new Promise<number | null>(resolve => child.once('close', resolve))
    await until(() => /phase=start .*ok/.test(texts.err), { timeout: 30_000, what: 'the tools run' })
    await net().stopPeer('b', 'SIGKILL')
    assert.is(await status, 0)
    assert.match(texts.err, /\nrun \S+: ok, partial in .*\n(busiest disk: .*\n)?without b \(stop: .*\n\/.*\n$/)
    const ls = await net().bak('c', ['ls'])
    assert.match(ls.stdout, /b .*stop|partial.*b/)
  }
)

faults(
  'a stopped member past the deadline is excluded, and nothing of the run is left on it when it wakes',
  async () => {
    const mark = uniqueSleep()
    const run = await startRun(net(), 'c', [
      runFile(`tools = ["idle"]\n[tool.idle]\ncommand = ["sleep", "${mark}"]\n`),
      ...['--quorum', '2', '--phase-timeout', '3', '--policy', 'send_timeout=3', '--', 'sleep', '1']
    ])
    await run.until(event => event.type === 'workload-started')
    net().peer('b').child?.kill('SIGSTOP')
    try {
      const { status } = await run.finished
      assert.is(status, 0)
      const { excluded } = record(net(), 'c', run.run)
      assert.equal(
        excluded.map(each => [each.name, each.phase]),
        [['b', 'stop']]
      )
      assert.ok(excluded[0]?.code === 'timeout' || excluded[0]?.code === 'lost')
    } finally {
      net().peer('b').child?.kill('SIGCONT')
    }
    await goneWithin(mark, 8_000)
  }
)

faults(
  'a member that was restarted while the workload ran goes on in the run, and says that its tools ended',
  async () => {
    const run = await startRun(net(), 'c', ['--tools', 'vmstat', '--', 'sleep', '5'])
    await run.until(event => event.type === 'workload-started')
    await net().stopPeer('b', 'SIGKILL')
    await net().startPeer('b')
    const { status } = await run.finished
    assert.is(status, 0)
    const { excluded, shortfalls } = record(net(), 'c', run.run)
    assert.equal(excluded, [])
    const reason = 'the daemon was restarted: its tools ended then'
    assert.ok(shortfalls.some(each => each.member === 'b' && each.what === 'vmstat' && each.reason === reason))
  }
)

faults('a member that was excluded and comes back does not disturb the run, and takes part in the next', async () => {
  const run = await startRun(net(), 'c', ['--quorum', '2', '--tools', 'proc', '--samples', '2', '--', 'sleep', '2'])
  await run.until(event => event.type === 'workload-started')
  await net().stopPeer('b', 'SIGKILL')
  await run.until(isPhase('stop', 'phase-closed'))
  await net().startPeer('b')
  const { status } = await run.finished
  assert.is(status, 0)
  assert.equal(
    record(net(), 'c', run.run).excluded.map(each => each.name),
    ['b']
  )
  await net().until('c', members => members.filter(m => m.state === 'alive').length === 3)
  const next = await startRun(net(), 'c', ['--tools', 'proc', '--', 'true'])
  assert.is((await next.finished).status, 0)
  assert.equal(
    record(net(), 'c', next.run).roster.map(each => each.name),
    ['a', 'b', 'c']
  )
})

faults('a member killed while it sends keeps what it has, and it is collected when it is back', async () => {
  const big = runFile(
    'tools = ["big"]\n[tool.big]\ncommand = ["sh", "-c", "head -c 60000000 /dev/urandom; sleep 1000"]\n'
  )
  const run = await startRun(net(), 'c', [big, '--quorum', '2', '--', 'sleep', '1'])
  await run.until(event => event.type === 'transfer' && event.name === 'b' && event.total > 1_000_000)
  await net().stopPeer('b', 'SIGKILL')
  const { status } = await run.finished
  assert.is(status, 0)
  assert.equal(
    record(net(), 'c', run.run).excluded.map(each => [each.name, each.phase]),
    [['b', 'send']]
  )
  await net().startPeer('b')
  await net().until('c', members => members.filter(m => m.state === 'alive').length === 3)
  await sleep(500)
  const collected = await net().bak('c', ['collect', run.run])
  assert.is(collected.status, 0, collected.stderr)
  const sent = record(net(), 'c', run.run)
    .sent.filter(each => each.name === 'b')
    .map(each => each.what)
  assert.ok(sent.includes('1-default/sample1'), `from b came ${sent}`)
  const verified = await net().bak('c', ['verify', run.run])
  assert.is(verified.status, 0, verified.stdout + verified.stderr)
})

faults.run()

function runFile(text: string): string {
  const path = join(net().folder, 'run.toml')
  writeFileSync(path, text)
  return path
}
