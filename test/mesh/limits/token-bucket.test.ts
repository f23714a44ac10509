import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TokenBucket, TokenBuckets } from '../../../node/mesh/limits/token-bucket.ts'

const test = suite('token buckets')
const rate = { perSecond: 10, burst: 5 }

test('a new bucket holds its burst, and is filled at its rate', () => {
  const bucket = new TokenBucket(rate, 0)
  const taken = (now: number) => {
    let count = 0
    while (bucket.take(now)) count++
    return count
  }
  assert.is(taken(0), 5)
  assert.is(taken(99), 0)
  assert.is(taken(200), 2)
  assert.is(taken(60_000), 5)
})

test('takes nothing if there is not enough', () => {
  const bucket = new TokenBucket(rate, 0)
  assert.not(bucket.take(0, 6))
  assert.ok(bucket.take(0, 5))
  assert.not(bucket.has(0))
})

test('in no span of time gives more than its burst and what its rate adds', () => {
  const steps = fc.array(fc.record({ wait: fc.nat(500), amount: fc.integer({ min: 1, max: 6 }) }), { maxLength: 50 })
  fc.assert(
    fc.property(steps, all => {
      const bucket = new TokenBucket(rate, 0)
      let now = 0
      const given: Array<{ at: number; amount: number }> = []
      for (const { wait, amount } of all) {
        now += wait
        if (bucket.take(now, amount)) given.push({ at: now, amount })
      }
      for (const [i, { at: from }] of given.entries()) {
        const sum = given.slice(i).reduce((total, each) => {
          const next = total + each.amount
          assert.ok(next <= rate.burst + ((each.at - from) / 1000) * rate.perSecond + 1e-9)
          return next
        }, 0)
        assert.ok(sum > 0)
      }
    })
  )
})

test('has a bucket for each key, and keeps no more than its capacity', () => {
  const buckets = new TokenBuckets(rate, 3)
  for (let i = 0; i < 5; i++) assert.ok(buckets.take('a', 0))
  assert.not(buckets.take('a', 0))
  assert.ok(buckets.take('b', 0))
  assert.not(buckets.has('a', 0))
  assert.ok(buckets.has('unknown', 0, 5))
  assert.not(buckets.has('unknown', 0, 6))
  for (const each of ['c', 'd', 'e']) buckets.take(each, 0)
  assert.is(buckets.size, 3)
})

test.run()
