import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { turnsDuration } from '../../node/clock/schedule.ts'
import { StartMargin } from '../../node/run/start-margin.ts'

const margin = suite('how far ahead the instant of start lies')

/** A margin whose clocks have been compared. */
function marginOf(...reached: number[]): StartMargin {
  const one = new StartMargin(() => [])
  one.next(64, 0)
  reached.forEach((each, i) => {
    one.note(i + 1, each)
  })
  return one
}

margin('is longer than the slowest member took in the last phases, and within bounds', () => {
  const times = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { maxLength: 20 })
  fc.assert(
    fc.property(times, reached => {
      const next = marginOf(...reached).next(64, 1)
      const slowest = Math.max(0, ...reached.slice(-8))
      assert.ok(next >= 30 && next <= 2_000)
      assert.ok(next === 2_000 || next > slowest, `${next} for ${slowest}`)
    })
  )
})

margin("does not count a member whose clock, or the controller's, was set", () => {
  assert.is(marginOf(20, 3_600_000, -3_600_000).slowest, 20)
})

margin('grows at once when somebody was late, and is short again when that is long ago', () => {
  const one = marginOf(20, 20, 20)
  const before = one.next(64, 1)
  one.note(4, 270)
  one.note(4, 20)
  assert.ok(one.next(64, 2) > 270)
  for (let seq = 5; seq < 13; seq++) one.note(seq, 20)
  assert.is(one.next(64, 3), before)
})

margin('has time in it to compare clocks at first, and once a minute', () => {
  const one = new StartMargin(() => [])
  const first = one.next(64, 0)
  const second = one.next(64, 1_000)
  assert.ok(first >= turnsDuration(64))
  assert.ok(second < turnsDuration(64))
  assert.is(one.next(64, 60_000), first)
  assert.is(one.next(64, 61_000), second)
})

margin('has time in it once more after this clock was set', () => {
  let set = false
  const one = new StartMargin(() => (set ? [{ at: 1, by: 5_000 }] : []))
  const first = one.next(64, 0)
  assert.ok(one.next(64, 1_000) < first)
  set = true
  assert.is(one.next(64, 2_000), first)
})

margin('has none where a round trip takes longer than that', () => {
  const one = new StartMargin(() => [])
  one.note(1, 50)
  assert.is(one.next(1, 0), 50 * 1.25 + 15)
  one.note(2, 20)
  for (let seq = 3; seq < 11; seq++) one.note(seq, 10)
  assert.ok(one.next(1, 1) > turnsDuration(1))
})
margin('has time for what tools do before the instant, and for the clocks behind it', () => {
  const one = marginOf(20)
  const without = one.next(64, 1)
  const first = one.next(64, 1, true)
  assert.is(first - without, turnsDuration(64) + 600)
})

margin('gives a tool that was slow more time at once, and forgets that after some samples', () => {
  const one = marginOf(20)
  one.noteBefore(200)
  assert.ok(one.before < 600)
  one.noteBefore(1_000)
  assert.is(one.before, 1_500)
  for (let i = 0; i < 20; i++) one.noteBefore(150)
  assert.is(one.before, 300)
  one.noteBefore(60_000)
  assert.is(one.before, 2_000)
})

margin(
  'has time for drivers to open their clients, more where the latest was late, and less again where none was',
  () => {
    const one = new StartMargin(() => [])
    one.next(2, 0)
    const opening = (clients = 0) => one.nextElement(2, clients, 1) - one.next(2, 1)
    const element = (...late: number[]) => {
      for (const each of late) one.noteLate(each)
      return opening()
    }
    assert.equal([opening(), opening(10_000)], [300, 500])
    assert.is(element(60, 0.4), 390)
    assert.is(element(0.4, 1), 312)
    for (let i = 0; i < 20; i++) element(0.4)
    assert.is(opening(), 10)
    assert.is(element(30_000), 2_000)
  }
)

margin.run()
