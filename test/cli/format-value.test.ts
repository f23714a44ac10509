/** Numbers with their units. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatValue } from '../../cli/format-value.ts'

const test = suite('a number with its unit')

const table: Array<[value: number, unit: string, text: string, digits?: number]> = [
  [432_013_312, 'B/s', '412 MiB/s'],
  [1023.9, 'B', '1.00 KiB'],
  [1536, 'B', '1.50 KiB'],
  [0, 'B/s', '0 B/s'],
  [6.1e9, 'B', '5.681 GiB', 4],
  [152_340, '/s', '152 k/s'],
  [999, '/s', '999 /s'],
  [999_999, '/s', '1.00 M/s'],
  [9.41e9, 'bit/s', '9.41 Gbit/s'],
  [152_340, 'ops/s', '152,340 ops/s'],
  [999.5, 'ops/s', '999.5 ops/s', 4],
  [1003.4, 'ops/s', '1,003 ops/s', 4],
  [2_876_760, 'docs/s', '2,876,760 docs/s'],
  [0.0005, '/s', '0.000500 /s'],
  [97.4, '%', '97 %'],
  [0.26, '%', '0.3 %'],
  [9.96, '%', '10 %'],
  [0, '%', '0 %'],
  [3.456, 'ms', '3.46 ms'],
  [0.876_6, 'ms', '876.6 µs', 4],
  [0.9999, 'ms', '1.00 ms'],
  [0.000_25, 'ms', '250 ns'],
  [1500, 'us', '1.50 ms'],
  [90_000, 'ms', '90 s'],
  [0, 'ms', '0 ms'],
  [12, 'tasks', '12'],
  [2.5, 'tasks', '2.50'],
  [61.25, '°C', '61.3 °C'],
  [12_345.6, '', '12346'],
  [-1536, 'B', '-1.50 KiB'],
  [Number.NaN, 'ms', '-'],
  [Number.POSITIVE_INFINITY, 'B', '-']
]
for (const [value, unit, text, digits] of table)
  test(`${value} ${unit} is ${text}`, () => assert.is(formatValue(value, unit, digits), text))

test('any number is one short word and its unit', () => {
  const units = fc.constantFrom('B', 'B/s', '/s', 'bit/s', '%', 'ms', 's', 'us', 'ns', 'tasks', '', 'W')
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: 1e-9, max: 1e15 }), units, (value, unit) => {
      const text = formatValue(value, unit)
      assert.match(text, /^\d+(\.\d+)?(e[-+]\d+)?( \S+)?$/)
      assert.ok(text.length < 24, text)
    })
  )
})

test('a product that is whole but for its last bits is whole', () => {
  assert.is(formatValue(0.943 * 1000, 'us', 4), '943 µs')
  assert.is(formatValue(943, 'us', 4), '943 µs')
  assert.is(formatValue(0.943, 'ms', 4), '943 µs')
  assert.is(formatValue(943.2, 'us', 4), '943.2 µs')
})

test.run()
