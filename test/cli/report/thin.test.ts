/** Series with fewer points than were measured. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fairShare, thinTimes, thinValues } from '../../../cli/report/thin.ts'

const test = suite('thinned series')

const upTo = (length: number) => Float64Array.from({ length }, (_, i) => i)

test('a series that fits stays as it is', () => {
  const times = upTo(10)
  const thinning = thinTimes(times, 10)
  assert.is(thinning.times, times)
  assert.is(thinValues(times, thinning), times)
})

test('a single peak among ten thousand points stays, and so does a single gap', () => {
  const times = upTo(10_000)
  const values = new Float64Array(10_000)
  values[7_777] = 99
  values[1_234] = Number.NaN
  const thinning = thinTimes(times, 200)
  const thinned = thinValues(values, thinning)
  assert.is(thinned.length, 200)
  assert.is(thinning.times.length, 200)
  assert.is(Math.max(...thinned), 99)
  assert.not.ok([...thinned].some(Number.isNaN), 'a range with other points has values')
})

test('a range of gaps is a gap', () => {
  const thinning = thinTimes(upTo(100), 10)
  const thinned = thinValues(new Float64Array(100).fill(Number.NaN), thinning)
  assert.ok(thinned.every(Number.isNaN))
})

test('least and highest of a range come in the order in which they were measured', () => {
  const thinning = thinTimes(upTo(8), 4)
  assert.equal([...thinValues(Float64Array.of(1, 2, 3, 4, 9, 7, 8, 5), thinning)], [1, 4, 9, 5])
})

test('times ascend, the first stays, and least and highest of all are those of what was measured', () => {
  const series = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 500 })
  fc.assert(
    fc.property(series, fc.integer({ min: 2, max: 100 }), (values, most) => {
      const times = upTo(values.length)
      const thinning = thinTimes(times, most)
      const thinned = thinValues(Float64Array.from(values), thinning)
      assert.is(thinned.length, thinning.times.length)
      assert.ok(thinning.times.length <= most)
      assert.is(thinning.times[0], 0)
      for (let at = 1; at < thinning.times.length; at++)
        assert.ok((thinning.times[at] as number) > (thinning.times[at - 1] as number))
      assert.is(Math.max(...thinned), Math.max(...values))
      assert.is(Math.min(...thinned), Math.min(...values))
    })
  )
})

test('the share of the room is as large as it can be', () => {
  assert.is(fairShare([10, 20, 30], 60), Number.POSITIVE_INFINITY)
  assert.is(fairShare([10, 20, 30], 50), 20)
  assert.is(fairShare([], 5), Number.POSITIVE_INFINITY)
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 50 }), fc.nat(20_000), (counts, total) => {
      const share = fairShare(counts, total)
      const used = (most: number) => counts.reduce((sum, count) => sum + Math.min(count, most), 0)
      assert.ok(used(share) <= total)
      if (Number.isFinite(share)) assert.ok(used(share + 1) > total)
    })
  )
})

test.run()
