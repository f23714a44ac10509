/** Which member is offered a job. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pickMember } from '../../../node/run/jobs/pick-member.ts'

const test = suite('the member that is offered a job')

const of = (rank: number, taken: number, max = 4, held = 0) => ({ rank, taken, max, held })
const picked = (...members: Array<ReturnType<typeof of>>) => pickMember(members, ({ held }) => held)?.rank

test('the one that is used least comes first, by share of its slots', () => {
  assert.is(picked(of(0, 1), of(1, 1, 8), of(2, 3)), 1)
  assert.is(picked(of(0, 1, 4, 0), of(1, 2, 4, 1_000)), 0)
})

test('of those that are used alike, the one that has most of the inputs; then the first by rank', () => {
  assert.is(picked(of(0, 1, 4, 5), of(1, 2, 8, 9), of(2, 1, 4, 9)), 1)
  assert.is(picked(of(2, 0), of(1, 0), of(3, 0)), 1)
})

test('nobody is picked of nobody', () =>
  assert.is(
    pickMember([], () => 0),
    undefined
  ))

test('no other is used less, and none that is used alike has more, whatever their order', () => {
  const member = fc.record({
    ...{ rank: fc.nat(9), max: fc.integer({ min: 1, max: 4 }), taken: fc.nat(4), held: fc.nat(3) }
  })
  fc.assert(
    fc.property(fc.array(member, { minLength: 1, maxLength: 9 }), members => {
      const best = pickMember(members, ({ held }) => held)
      assert.ok(best)
      for (const each of members) {
        const use = each.taken / each.max
        assert.ok(use >= best.taken / best.max)
        if (use === best.taken / best.max) assert.ok(each.held <= best.held)
      }
    })
  )
})

test.run()
