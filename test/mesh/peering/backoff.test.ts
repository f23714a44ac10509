import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Backoff } from '../../../node/mesh/peering/backoff.ts'

const test = suite('waits between tries')

test('each is within a quarter of twice the one before, and none is longer than the longest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 60_000 }), (first, more) => {
      const most = first + more
      const backoff = new Backoff({ first, most })
      for (let i = 0; i < 20; i++) {
        const full = Math.min(most, first * 2 ** i)
        const wait = backoff.next()
        assert.ok(wait <= full && wait >= 0.75 * full, `${wait} of ${full}`)
      }
    })
  )
})

test('begins anew after a success', () => {
  const backoff = new Backoff({ first: 100, most: 5_000 })
  for (let i = 0; i < 10; i++) backoff.next()
  assert.ok(backoff.next() >= 3_750)
  backoff.reset()
  assert.ok(backoff.next() <= 100)
  assert.ok(backoff.next() > 100)
})

test('peers that fail at the same time do not try again at the same time', () => {
  const waits = Array.from({ length: 100 }, () => new Backoff({ first: 1_000, most: 1_000 }).next())
  assert.ok(new Set(waits).size > 90)
})

test.run()
