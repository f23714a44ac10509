/** Axes of plots by percentile. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decadeMarks, isWide, shareMarks, valueScale } from '../../../../../cli/report/page/tasks/curve-axis.ts'

const test = suite('axes of plots by percentile')

test('each nine has a mark, as far as so many requests can show', () => {
  assert.equal(
    shareMarks(4.2).map(({ text }) => text),
    ['0 %', '50 %', '90 %', '99 %', '99.9 %', '99.99 %']
  )
  assert.equal(
    shareMarks(2).map(({ text }) => text),
    ['0 %', '50 %', '90 %', '99 %']
  )
  assert.equal(
    shareMarks(0).map(({ nines }) => nines),
    [0]
  )
  const [, half, ninety] = shareMarks(1)
  assert.ok(Math.abs((half?.nines ?? 0) - 0.30103) < 1e-5)
  assert.is(ninety?.nines, 1)
})

const SCALES: Array<[what: string, args: Parameters<typeof valueScale>, low: number, high: number, marks: number[]]> = [
  ['evenly', [2, 38, false, 8], 0, 40, [0, 5, 10, 15, 20, 25, 30, 35, 40]],
  ['by decades', [1.2, 355, true, 9], 1, 400, [1, 2, 5, 10, 20, 50, 100, 200]],
  ['by decades with less room', [1.2, 355, true, 4], 1, 400, [1, 10, 100]],
  ['by decades of values that are alike', [5, 5, true, 9], 5, 50, [5, 10, 20, 50]],
  ['evenly where something took no time', [0, 10, true, 4], 0, 10, [0, 5, 10]]
]
for (const [what, args, low, high, marks] of SCALES)
  test(`values are marked ${what}`, () => {
    const scale = valueScale(...args)
    assert.equal([scale.low, scale.high, scale.marks], [low, high, marks])
    assert.is(scale.placeOf(low), 0)
    assert.ok(Math.abs(scale.placeOf(high) - 1) < 1e-9)
  })

test('what is usual is seen beside the tail: by decades if that is far away', () => {
  assert.is(isWide(4, 355), true)
  assert.is(isWide(4, 38), false)
  assert.is(isWide(0, 38), false)
})

test('marks of decades are within the scale, ascending, and not many more than asked for', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-4, max: 1e3, noNaN: true }),
      fc.double({ min: 1, max: 1e7, noNaN: true }),
      fc.integer({ min: 2, max: 12 }),
      (low, factor, count) => {
        const marks = decadeMarks(low, low * factor, count)
        assert.ok(marks.length <= count + 1, `${marks}`)
        assert.equal(
          marks,
          [...new Set(marks)].sort((a, b) => a - b)
        )
        for (const mark of marks) assert.ok(mark >= low * (1 - 1e-8) && mark <= low * factor * (1 + 1e-8))
      }
    )
  )
})

test.run()
