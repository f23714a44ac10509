/** Median, quartiles and deviation of the values of a metric. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { medianOf, quantileOf, spreadOf } from '../../protocols/quantiles.ts'

// as numpy.quantile and R's quantile(x) have them
const table: Array<[number[], ReturnType<typeof spreadOf>]> = [
  [[3], { median: 3, low: 3, high: 3, iqr: 0 }],
  [[4, 2], { median: 3, low: 2.5, high: 3.5, iqr: 1 }],
  [[4, 0, 8], { median: 4, low: 2, high: 6, iqr: 4, cv: 100 }],
  [[1, 2, 3, 10], { median: 2.5, low: 1.75, high: 4.75, iqr: 3, cv: 102.06207261596575 }],
  [[0, 0, 0], { median: 0, low: 0, high: 0, iqr: 0, cv: 0 }]
]
for (const [values, expected] of table) {
  test(`the spread of ${values}`, () => assert.equal(spreadOf(values), expected))
}

test('quantiles are in order, within the values, and do not depend on the order of these', () => {
  const value = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 30 }), values => {
      const { median, low, high, iqr, cv = 0 } = spreadOf(values)
      const sorted = [...values].sort((one, other) => one - other)
      const slack = Math.max(...values.map(Math.abs)) * 1e-12
      assert.ok(low <= median + slack && median <= high + slack && iqr >= 0 && cv >= 0, `${low} ${median} ${high}`)
      assert.ok([low, median, high, iqr, cv].every(Number.isFinite))
      assert.equal([quantileOf(sorted, 0), quantileOf(sorted, 1)], [sorted[0], sorted.at(-1)])
      assert.is(medianOf([...values].reverse()), median)
    })
  )
})

test.run()
