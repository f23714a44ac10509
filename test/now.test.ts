/** The clock of this machine, and what it says when it is set. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clockSteps, describeStep, now } from '../node/now.ts'

const clock = suite('the clock of this machine')

function withClock(act: (set: (ms: number) => void) => void): void {
  const real = Date.now
  try {
    act(ms => {
      Date.now = () => real() + ms
    })
  } finally {
    Date.now = real
    now()
  }
}

clock('it is the wall clock with fractions, and follows it when it is set', () => {
  withClock(set => {
    for (const ms of [0, 3_600_000, -3_600_000, 0]) {
      set(ms)
      const [before, told, after] = [Date.now(), now(), Date.now()]
      assert.ok(before <= told && told <= after + 1, `${before} ${told} ${after}`)
    }
  })
  const told = Array.from({ length: 100 }, now)
  assert.ok(new Set(told.map(each => each % 1)).size > 1, 'it has fractions')
})

clock('it remembers that it was set, both ways, and not that it was corrected a little', () => {
  withClock(set => {
    now()
    const began = performance.now()
    for (const ms of [0, 3_600_000, 3_600_100, 100, -2_000]) {
      set(ms)
      now()
    }
    const steps = clockSteps(began).map(({ by }) => Math.round(by / 100) * 100)
    assert.equal(steps, [3_600_000, -3_600_000, -2_100])
    assert.equal(clockSteps(performance.now()), [])
  })
})

clock('a step is noticed by whoever asks for steps', () => {
  withClock(set => {
    now()
    const began = performance.now()
    set(5_000)
    assert.is(clockSteps(began).length, 1)
  })
})

clock('a step is told in seconds, with its direction and the time in UTC', () => {
  const at = Date.UTC(2026, 10, 22, 21, 30, 15)
  assert.is(describeStep({ at, by: 3_600_000 }), 'set forward by 3600.0 s at 2026-11-22T21:30:15.000Z')
  assert.is(describeStep({ at, by: -1_500 }), 'set back by 1.5 s at 2026-11-22T21:30:15.000Z')
})

clock.run()
