import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { turnOf, turnsTake } from '../../node/clock/schedule.ts'

const turns = suite('turns of those that compare their clocks')
const members = (many: number) => Array.from({ length: many }, (_, i) => ({ peer: `p${i}` }))

turns('come one after the other, all within the time that is said, with some calm behind the last', () => {
  for (const many of [1, 2, 64, 1_000, 10_000]) {
    const all = members(many)
    const whole = turnsTake(many)
    const each = all.map(({ peer }) => turnOf(all, peer))
    assert.is(each[0]?.after, 0)
    each.forEach(({ after, before }, i) => {
      assert.ok(i === 0 || after > (each[i - 1]?.after ?? 0))
      assert.ok(Math.abs(after + before - whole) < 1e-9 && before >= 40, `${many}: ${after} ${before} of ${whole}`)
    })
  }
})

turns('take no longer than half a second, however many they are', () => {
  assert.ok(turnsTake(64) < 150)
  assert.ok(turnsTake(10_000) <= 540)
})

turns('come first for who is not named', () => {
  assert.equal(turnOf(members(3), 'x'), turnOf(members(3), 'p0'))
  assert.is(turnOf([], 'x').after, 0)
})
turns.run()
