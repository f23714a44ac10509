import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { activityOf } from '../../scripts/bench/processes.ts'
import { record, startRun, useTestnet } from '../helpers/mesh.ts'

const costs = suite('the cost of observation')
const net = useTestnet(costs, { peers: ['a', 'b'] })

/** Work of its daemon that the test can count on, ms. */
const BUSY = 300

/** Of member b, which has no children, as anyone can read it. */
const now = () => activityOf([net().peer('b').child?.pid as number])

costs(
  'what a member says that it cost lies between what others saw within start and stop, and around them',
  async () => {
    const done = join(net().folder, 'done')
    const outer = now()
    const run = await startRun(net(), 'a', [
      '--tools',
      'none',
      '--',
      'sh',
      '-c',
      `until [ -e ${done} ]; do sleep 0.1; done`
    ])
    await run.until(event => event.type === 'workload-started')
    const inner = now()
    for (const late = Date.now() + 60_000; now().cpu < inner.cpu + BUSY && Date.now() < late; ) await net().members('b')
    const within = now()
    writeFileSync(done, '')
    assert.is((await run.finished).status, 0)
    const around = now()
    const { observed = [] } = record(net(), 'a', run.run)
    assert.equal(
      observed.map(({ step, members }) => [step.sample, members.map(({ name }) => name)]),
      [[1, ['a', 'b']]]
    )
    const cost = observed[0]?.members.find(({ name }) => name === 'b')
    if (cost == null) throw new Error('b did not tell its cost')
    const cpu = cost.user + cost.system
    const limits = [within.cpu - inner.cpu - 30, around.cpu - outer.cpu + 30] as const
    assert.ok(within.cpu - inner.cpu >= BUSY)
    assert.ok(cpu >= limits[0] && cpu <= limits[1], `${cpu} ms is not within ${limits}`)
    const switches = cost.voluntary + cost.involuntary
    const seen = [within.switches - inner.switches, around.switches - outer.switches] as const
    assert.ok(switches >= seen[0] && switches <= seen[1], `${switches} switches are not within ${seen}`)
    const bytes = cost.sent + cost.received
    assert.ok(cost.sent > 0 && cost.received > 0 && bytes <= around.bytes - outer.bytes, `${bytes} bytes`)
  }
)

costs('it is shown at the end of a run, with the costliest member, and member by member later', async () => {
  const ran = await net().bak('a', ['run', '--tools', 'vmstat', '--', 'sleep', '1'])
  const line =
    /observed at [\d.]+ % of a core, [\d.]+ \w+, \d+ context switches a second on [ab], the costliest member\n/
  assert.match(ran.stderr, line)
  const shown = await net().bak('a', ['show', 'last', '--all'])
  assert.match(shown.stdout, /OBSERVED +DAEMON +TOOLS +SWITCHES +SENT +RECEIVED\na +\S+ % of a core +\S+ % /)
  const { record } = JSON.parse((await net().bak('a', ['show', 'last', '--json'])).stdout)
  assert.equal(Object.keys(record.observed[0].members[1]).sort(), [
    ...['elapsed', 'involuntary', 'name', 'received', 'sent', 'system', 'tools', 'user', 'voluntary']
  ])
  assert.is((await net().bak('a', ['verify', 'last'])).status, 0)
})

costs.run()
