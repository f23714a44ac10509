import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { turnOf, turnsDuration } from '../../node/clock/schedule.ts'

const turns = suite('turns of clock comparisons')
const members = (many: number) => Array.from({ length: many }, (_, i) => ({ peer: `p${i}` }))

turns('come one after the other, all within their duration, with a pause after the last', () => {
  for (const many of [1, 2, 64, 1_000, 10_000]) {
    const all = members(many)
    const whole = turnsDuration(many)
    const each = all.map(({ peer }) => turnOf(all, peer))
    assert.is(each[0]?.after, 0)
    each.forEach(({ after, before }, i) => {
      assert.ok(i === 0 || after > (each[i - 1]?.after ?? 0))
      assert.ok(Math.abs(after + before - whole) < 1e-9 && before >= 40, `${many}: ${after} ${before} of ${whole}`)
    })
  }
})

turns('take half a second at most, however many there are', () => {
  assert.ok(turnsDuration(64) < 150)
  assert.ok(turnsDuration(10_000) <= 540)
})

turns('come first for a peer that is not listed', () => {
  assert.equal(turnOf(members(3), 'x'), turnOf(members(3), 'p0'))
  assert.is(turnOf([], 'x').after, 0)
})
turns.run()
