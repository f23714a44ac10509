import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_DURATION_MS, readDuration, showDuration, showInstant } from '../../protocols/duration.ts'
import type { BakError } from '../../protocols/errors.ts'

const test = suite('durations')

const good: Array<[text: string, ms: number]> = [
  ['0s', 0],
  ['5s', 5_000],
  ['30m', 1_800_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['3650d', MAX_DURATION_MS]
]
for (const [text, ms] of good) test(`${text} is ${ms} ms`, () => assert.is(readDuration(text), ms))

for (const text of ['', '5', 's', '-5s', '5 s', '1.5h', '5w', '5S', '3651d', '99999999999d', '1h30m', '1e3s']) {
  test(`"${text}" is no duration`, () => {
    assert.throws(
      () => readDuration(text),
      (error: BakError) => error.code === 'usage' && /expected a time such as/.test(error.message)
    )
  })
}

const shown: Array<[ms: number, text: string]> = [
  [0, '0 s'],
  [-5_000, '0 s'],
  [999, '0 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h'],
  [3_605_000, '1 h'],
  [86_400_000 * 6 + 3_600_000 * 4 + 60_000, '6 d 4 h']
]
for (const [ms, text] of shown) test(`${ms} ms are shown as ${text}`, () => assert.is(showDuration(ms), text))

test('an instant is shown in UTC, and a number beyond the range of a Date as the last instant', () => {
  assert.is(showInstant(1_795_383_015_000), '2026-11-22T21:30:15.000Z')
  assert.is(showInstant(1e300), '+275760-09-13T00:00:00.000Z')
})

test('a duration is rounded down', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_DURATION_MS }), ms => {
      const parts = [...showDuration(ms).matchAll(/(\d+) ([a-z])/g)]
      const sum = parts.reduce((all, [, number, unit]) => all + readDuration(`${number}${unit}`), 0)
      assert.ok(sum <= ms && ms - sum < Math.max(1_000, ms / 2))
    })
  )
})

test.run()
