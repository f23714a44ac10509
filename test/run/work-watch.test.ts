/** What members tell of their workloads while these run. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Stopped } from '../../node/run/stopped.ts'
import { WorkWatch } from '../../node/run/work-watch.ts'
import type { WorkState } from '../../protocols/work-state.ts'
import { fakeRun } from '../helpers/run.ts'

const test = suite('what members tell of their workloads')
const step = { number: 1, name: 'default', sample: 1 }
const state = (more: Partial<WorkState> = {}): WorkState => ({
  ...{ step, workload: 'c', instance: 1, state: 'started', since: 1 },
  ...more
})
const failed = state({ state: 'ended', exit: 3, duration: 1, timedOut: false })

async function watch(on_failed_workload = 'finish') {
  const workload = [
    { name: 'c', command: ['x'], instances: 2 },
    { name: 's', role: 'server', command: ['x'], instances: 2 }
  ]
  const made = await fakeRun({ members: 2, spec: { command: undefined, workload, policy: { on_failed_workload } } })
  const [m0] = made.run.record.roster
  if (m0 != null) m0.workloads = ['c', 's'].map(name => ({ name, instances: 2, rank: 0 }))
  const ends: Stopped[] = []
  const watched = new WorkWatch(made.run, why => ends.push(why))
  watched.begin(step)
  const stored = () =>
    made.stored.flatMap(each => (each.type === 'work' ? [`${each.member} ${each.workload} ${each.state}`] : []))
  const [one, other] = made.signers.map(({ peer }) => peer) as [string, string]
  return { watched, ends, stored, one, other }
}

test('is stored once, however often it is told', async () => {
  const { watched, stored, one } = await watch()
  for (const each of [state(), state(), state({ state: 'ended', exit: 0 })]) watched.onState(one, each)
  assert.equal(stored(), ['m0 c started', 'm0 c ended'])
})

const strange: Array<[title: string, told: WorkState, other?: boolean]> = [
  ['of a workload that nobody has', state({ workload: 'nobody' })],
  ['of an instance that it does not run', state({ instance: 3 })],
  ['of instance 0', state({ instance: 0 })],
  ['of another sample', state({ step: { ...step, sample: 2 } })],
  ['of what is placed on another member', state(), true]
]
for (const [title, told, isOther] of strange) {
  test(`counts for nothing ${title}`, async () => {
    const { watched, stored, one, other } = await watch()
    watched.onState(isOther ? other : one, told)
    assert.equal(stored(), [])
  })
}

test('ends the others where a failure is to stop the run, and not else', async () => {
  for (const [policy, told, count] of [
    ['finish', failed, 0],
    ['ignore', failed, 0],
    ['stop', failed, 1],
    ['stop', state({ state: 'ended', exit: 0 }), 0],
    ['stop', state({ state: 'ended', workload: 's', exit: 0 }), 1],
    ['stop', state({ state: 'ended', workload: 's', exit: 0, stopped: true }), 0]
  ] as const) {
    const { watched, ends, one } = await watch(policy)
    watched.onState(one, told)
    assert.is(ends.length, count, `${policy} ${JSON.stringify(told)}`)
    if (count > 0) assert.match(ends[0]?.message ?? '', /^[cs]\.1 on m0: exit/)
  }
})

test.run()
