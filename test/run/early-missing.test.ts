import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EarlyMissing, endOf } from '../../node/run/early-missing.ts'
import type { Stopped } from '../../node/run/stopped.ts'
import type { Missing } from '../../protocols/shortfall.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { fakeRun } from '../helpers/run.ts'

const test = suite('what members say before their answers that they lack')

const ended: Missing = { kind: 'tool', what: 'vmstat', reason: 'ended early with exit 3' }

/** Members m0 to m2, of which m0 and m1 run vmstat, and a driver. */
async function early({
  policy = {},
  options = {},
  isWorking = true
}: {
  policy?: object
  options?: ToolOptions
  isWorking?: boolean
}) {
  const made = await fakeRun({ members: 3, spec: { policy } })
  const ends: Stopped[] = []
  let checked = 0
  for (const entry of made.run.record.roster.slice(0, 2))
    entry.tools.push({ group: 'default', tool: 'vmstat', options })
  const watch = new EarlyMissing(made.run, {
    onHopeless: why => ends.push(why),
    onExcluded: () => void checked++,
    isWorking: () => isWorking
  })
  const [m0 = '', , m2 = ''] = made.signers.map(({ peer }) => peer)
  const excluded = () => made.run.record.excluded.map(({ name, phase, code, reason }) => [name, phase, code, reason])
  return { made, watch, ends, excluded, m0, m2, checked: () => checked }
}

test('is a shortfall of the run at once, and once', async () => {
  const { made, watch, m0, ends } = await early({})
  watch.onMissing(m0, ended)
  watch.onMissing(m0, ended)
  assert.equal(made.run.record.shortfalls, [{ ...ended, member: 'm0' }])
  assert.equal(made.stored, [{ type: 'shortfall', ...ended, member: 'm0' }])
  assert.equal(ends, [])
})

test('is named so often of one member', async () => {
  const { made, watch, m0 } = await early({})
  for (let i = 0; i < 100; i++) watch.onMissing(m0, { ...ended, reason: `exit ${i}` })
  assert.is(made.run.record.shortfalls.length, 64)
})

test('excludes a member by the policy of its tool while the workload runs', async () => {
  const { watch, m0, ends, excluded, checked } = await early({ policy: { quorum: 2 }, options: { on_end: 'exclude' } })
  watch.onMissing(m0, { ...ended, ends: 'member' })
  assert.equal(excluded(), [['m0', 'work', 'tool-failed', 'vmstat: ended early with exit 3']])
  assert.equal([ends, checked()], [[], 1])
})

test('ends a run that needs the member that is out', async () => {
  const { watch, m0, ends, excluded } = await early({ policy: { on_ended_tool: 'exclude' } })
  watch.onMissing(m0, { ...ended, ends: 'member' })
  assert.is(excluded().length, 1)
  assert.equal(
    ends.map(({ verdict, message }) => [verdict, message]),
    [['quorum', 'm0: vmstat: ended early with exit 3; 3 of 3 members are needed']]
  )
})

test('excludes nobody in a phase in which the member says itself that it is out', async () => {
  const { watch, m0, excluded } = await early({ options: { on_end: 'exclude' }, isWorking: false })
  watch.onMissing(m0, { ...ended, ends: 'member' })
  assert.equal(excluded(), [])
})

test('fails a run by the policy of the tool, whose own stands before that of the run', async () => {
  const { watch, m0, ends } = await early({ policy: { on_ended_tool: 'ignore' }, options: { on_end: 'fail' } })
  watch.onMissing(m0, { ...ended, ends: 'run' })
  assert.equal(
    ends.map(({ verdict, message }) => [verdict, message]),
    [['failed', 'vmstat on m0: ended early with exit 3; that fails the run']]
  )
})

for (const [title, policy, options] of [
  ['whose policy is another', { on_ended_tool: 'ignore' }, {}],
  ['that has a policy of its own', { on_ended_tool: 'fail' }, { on_end: 'restart' }]
] as const)
  test(`is not believed what follows for the run from a tool ${title}`, async () => {
    const { made, watch, m0, m2, ends, excluded } = await early({ policy, options })
    watch.onMissing(m0, { ...ended, ends: 'run' })
    watch.onMissing(m0, { ...ended, reason: 'exit 4', ends: 'member' })
    watch.onMissing(m2, { ...ended, ends: 'run' })
    assert.equal([ends, excluded()], [[], []])
    assert.is(made.run.record.shortfalls.length, 3, 'it is named all the same')
    assert.is(endOf(made.run, m0, { ...ended, ends: 'run' }), undefined)
  })

test('counts for nothing of a peer that takes no part', async () => {
  const { made, watch } = await early({ policy: { on_ended_tool: 'fail' } })
  watch.onMissing('12D3KooWnobody', { ...ended, ends: 'run' })
  assert.equal(made.run.record.shortfalls, [])
})

test.run()
