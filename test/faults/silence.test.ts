import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { goneWithin, isPhase, processesWith, record, startRun, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const silence = suite('a controller that falls silent')
const net = useTestnet(silence, { peers: ['a', 'b', 'c'] })

/** Peers believe for a shorter time in one that does not answer their pings. */
const LONG = 30_000

let tools = 0
/** A tool that is there until it is stopped, and what to look for. */
function idleTool(): { file: string; mark: string } {
  const mark = uniqueSleep()
  const file = join(net().folder, `idle-${++tools}.toml`)
  appendFileSync(file, `tools = ["idle"]\n[tool.idle]\ncommand = ["sleep", "${mark}"]\n`)
  return { file, mark }
}

const signal = (name: string, what: NodeJS.Signals) => net().peer(name).child?.kill(what)

silence('within the lease: tools run on, and the run goes on when it is back, with everyone in it', async () => {
  const { file, mark } = idleTool()
  const done = join(net().folder, 'go-1')
  const script = `until [ -e ${done} ]; do sleep 0.1; done`
  const run = await startRun(net(), 'a', [file, '--lease', '60', '--samples', '2', '--', 'sh', '-c', script])
  await run.until(event => event.type === 'workload-started')
  const before = processesWith(mark)
  assert.is(before.length, 3)
  signal('a', 'SIGSTOP')
  await net().until('b', members => members.some(({ name, state }) => name === 'a' && state === 'lost'), 2 * LONG)
  assert.equal(processesWith(mark), before, 'nobody has stopped a tool')
  signal('a', 'SIGCONT')
  appendFileSync(done, 'x')
  assert.is((await run.finished).status, 0)
  assert.equal(record(net(), 'a', run.run).excluded, [])
  assert.is(run.events.filter(isPhase('send', 'phase-closed')).length, 2)
})

silence(
  'for longer than the lease: members stop their tools and keep their data; the run ends when it is back',
  async () => {
    const { file, mark } = idleTool()
    const run = await startRun(net(), 'a', [file, '--lease', '2', '--', 'sleep', '1'])
    await run.until(event => event.type === 'workload-started')
    signal('a', 'SIGSTOP')
    // the paused controller cannot stop its own tool
    await until(() => processesWith(mark).length === 1, { timeout: LONG, what: 'the members stopped their tools' })
    for (const name of ['b', 'c']) assert.equal(readdirSync(join(net().peer(name).home, 'work')), [run.run])
    signal('a', 'SIGCONT')
    assert.is((await run.finished).status, 3)
    await goneWithin(mark, 5_000)
    const { verdict, excluded } = record(net(), 'a', run.run)
    assert.is(verdict, 'quorum')
    assert.equal(excluded.map(({ name }) => name).sort(), ['b', 'c'])
    const collected = await net().bak('a', ['collect', run.run])
    assert.is(collected.status, 0, collected.stdout + collected.stderr)
  }
)
silence(
  'a member that swallows all is named by the preflight when its time is over, before anybody joins',
  async () => {
    signal('b', 'SIGSTOP')
    try {
      const began = Date.now()
      const all = await net().bak('a', ['run', '--preflight', '3s', '--tools', 'none', '--', 'true'])
      assert.is(all.status, 3)
      assert.match(all.stderr, /preflight: 3 members are needed, 3 were asked; b: no answer within 3 s/)
      assert.ok(Date.now() - began < 20_000, 'and not when the join timeout is over')
      const two = await startRun(net(), 'a', ['--preflight', '2', '--quorum', '2', '--tools', 'none', '--', 'true'])
      assert.is((await two.finished).status, 0)
      const { excluded, partial } = record(net(), 'a', two.run)
      assert.equal(
        excluded.map(({ name, phase, code }) => [name, phase, code]),
        [['b', 'join', 'unreachable']]
      )
      assert.is(partial, true)
      assert.not.ok(
        two.events.some(event => event.type === 'phase-open' && event.phase === 'join' && event.asked !== 2)
      )
      assert.is((await net().bak('a', ['verify', two.run])).status, 0)
    } finally {
      signal('b', 'SIGCONT')
    }
  }
)

silence.run()
