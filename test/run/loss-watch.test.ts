import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LossWatch } from '../../node/run/loss-watch.ts'
import type { Stopped } from '../../node/run/stopped.ts'
import { type FakeRun, fakeRun } from '../helpers/run.ts'
import { until } from '../helpers/until.ts'

const test = suite('members that are lost while the workload runs')

async function watch(policy: object, awaited = false) {
  const made = await fakeRun({ members: 3, spec: { policy } })
  const lost = new Set<string>()
  const ends: Stopped[] = []
  made.run.isHere = peer => !lost.has(peer)
  const watched = new LossWatch(made.run, {
    onHopeless: why => ends.push(why),
    awaits: () => awaited,
    onExcluded: () => excluded.push('')
  })
  const excluded: string[] = []
  const [m0, m1] = made.signers.map(({ peer }) => peer) as [string, string]
  const lose = (...peers: string[]) => {
    for (const peer of peers) lost.add(peer)
    watched.check()
  }
  const find = () => {
    lost.clear()
    watched.check()
  }
  watched.during(true)
  return { made, ends, excluded, watched, m0, m1, lose, find }
}
const said = ({ stored }: FakeRun) =>
  stored.flatMap(event => (event.type === 'lost' || event.type === 'returned' ? [`${event.name} ${event.type}`] : []))

test('are named at once, and once; and again when they return', async () => {
  const { made, watched, m0, lose, find } = await watch({ quorum: 2 })
  lose(m0)
  lose(m0)
  assert.equal(said(made), ['m0 lost'])
  find()
  assert.equal(said(made), ['m0 lost', 'm0 returned'])
  watched.stop()
})

test('end a run that needs them once the policy has waited long enough, and are excluded', async () => {
  const { made, ends, m0, lose } = await watch({ lost_timeout: 0.05 })
  lose(m0)
  assert.equal(ends, [], 'it may return')
  await until(() => ends.length > 0, { timeout: 5_000, what: 'the run ends' })
  assert.is(ends[0]?.verdict, 'quorum')
  assert.is(ends[0]?.message, 'm0: lost while the workload ran; 3 of 3 members are needed')
  assert.equal(
    made.run.record.excluded.map(({ name, phase, code }) => [name, phase, code]),
    [['m0', 'work', 'lost']]
  )
})

for (const [title, policy, gone] of [
  ['do not end a run whose quorum is met without them', { lost_timeout: 0.01, quorum: 2 }, 1],
  ['do not end a run whose policy waits for ever', { lost_timeout: 0 }, 2]
] as const) {
  test(title, async () => {
    const { ends, watched, m0, m1, lose } = await watch(policy)
    lose(...[m0, m1].slice(0, gone))
    await new Promise(resolve => setTimeout(resolve, 100))
    assert.equal(ends, [])
    watched.stop()
  })
}

test('end a run that could go on without them, where the policy says so', async () => {
  const { made, ends, m0, lose } = await watch({ lost_timeout: 0.05, quorum: 1, on_lost: 'end' })
  lose(m0)
  await until(() => ends.length > 0, { timeout: 5_000, what: 'the run ends' })
  assert.is(ends[0]?.message, 'm0: lost while the workload ran; policy.on_lost is end')
  assert.equal(
    made.run.record.excluded.map(({ name }) => name),
    ['m0']
  )
})

test('are given up one by one where their workloads are waited for, as long as the quorum can be met', async () => {
  const { made, ends, excluded, m0, m1, lose } = await watch({ lost_timeout: 0.05, quorum: 2 }, true)
  lose(m0)
  await until(() => excluded.length > 0, { timeout: 5_000, what: 'it is excluded' })
  assert.equal(
    made.run.record.excluded.map(({ name, code }) => [name, code]),
    [['m0', 'lost']]
  )
  assert.equal(ends, [])
  lose(m1)
  await until(() => ends.length > 0, { timeout: 5_000, what: 'the run ends' })
  assert.is(ends[0]?.verdict, 'quorum')
})

test('end no run once they have returned, or the workload is over', async () => {
  const { ends, watched, m0, lose, find } = await watch({ lost_timeout: 0.05 })
  lose(m0)
  find()
  lose(m0)
  watched.during(false)
  await new Promise(resolve => setTimeout(resolve, 150))
  assert.equal(ends, [])
})
test.run()
