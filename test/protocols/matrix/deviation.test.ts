/** The relative standard deviation of values. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { deviationOf } from '../../../protocols/matrix/deviation.ts'

const test = suite('how far values are apart')

const cases: Array<[values: number[], percent: number | undefined]> = [
  [[], undefined],
  [[5], undefined],
  [[5, 5], 0],
  [[0, 0, 0], 0],
  [[90, 110], 14.142],
  [[-90, -110], 14.142],
  [[2, 4, 4, 4, 5, 5, 7, 9], 42.762],
  [[-1, 1], Number.MAX_VALUE],
  [[1e308, 1.1e308], 6.7344],
  [[1e-300, 1.1e-300], 6.7344]
]
for (const [values, percent] of cases) {
  test(`${values.join(' ')}: ${percent} %`, () => {
    const found = deviationOf(values)
    if (percent == null) assert.is(found, undefined)
    else assert.is(Number((found as number).toPrecision(5)), Number(percent.toPrecision(5)))
  })
}

test('it is the same for values in another unit, and in another order', () => {
  const values = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 20 })
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 1000 }), (given, unit) => {
      const [one, other] = [deviationOf(given), deviationOf(given.map(each => each / unit).reverse())] as [
        number,
        number
      ]
      assert.ok(Math.abs(one - other) <= 1e-9 * Math.max(one, 1))
    })
  )
})

test.run()
