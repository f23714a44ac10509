import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Backoff } from '../node/backoff.ts'

const test = suite('backoff')

test('doubles each wait up to the longest, shortened by a quarter at most', () => {
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

test('peers that fail at the same time do not retry at the same time', () => {
  const waits = Array.from({ length: 100 }, () => new Backoff({ first: 1_000, most: 1_000 }).next())
  assert.ok(new Set(waits).size > 90)
})

/** @returns the seconds at which something is due, asked once a second */
function dueAt(backoff: Backoff, from: number, to: number): number[] {
  const seconds = Array.from({ length: to - from }, (_, i) => from + i)
  return seconds.filter(second => backoff.due(second * 1_000))
}
const rarely = { first: 60_000, most: 3_600_000, jitter: 0 }

test('is due at once, then after 60 s, then after twice as long each time, but once an hour at least', () => {
  assert.equal(dueAt(new Backoff(rarely), 0, 16_000), [0, 60, 180, 420, 900, 1860, 3780, 7380, 10980, 14580])
})

test('is due at once again after a success', () => {
  const backoff = new Backoff(rarely)
  dueAt(backoff, 0, 500)
  backoff.reset()
  assert.equal(dueAt(backoff, 500, 700), [500, 560, 680])
})

test.run()
