/** Lines of eight heights. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Points, resample, sparkline } from '../../../cli/result/sparkline.ts'

const test = suite('sparklines')
/** A value a second. */
const every = (v: number[], from = 0, step = 1000): Points => ({ v, t: v.map((_, i) => from + i * step) })

const table: Array<[title: string, parts: Points[], width: number, top: number, line: string]> = [
  ['a ramp climbs', [every([0, 1, 2, 3, 4, 5, 6, 7])], 8, 8, '▁▂▃▄▅▆▇█'],
  ['a character is the mean of its share of the time', [every([0, 8, 0, 8])], 2, 8, '▅▅'],
  ['a point holds until the next one', [every([0, 8])], 4, 8, '▁▁██'],
  ['one point is a line', [every([3])], 3, 4, '▇▇▇'],
  ['what is above the top is as high', [every([1, 100])], 2, 10, '▁█'],
  ['nothing is high where the top is zero', [every([0, 0])], 2, 0, '▁▁'],
  ['samples are side by side, without the time between them', [every([0, 0]), every([8, 8], 3_600_000)], 4, 8, '▁▁██'],
  ['a part without points takes no room', [every([0, 0]), every([]), every([8, 8])], 4, 8, '▁▁██'],
  ['a number that is none is a gap', [every([8, Number.NaN, 8, 8])], 4, 8, '█ ██'],
  ['nothing at all is nothing', [every([])], 4, 8, ''],
  ['no part is nothing', [], 4, 8, '']
]
for (const [title, parts, width, top, line] of table) test(title, () => assert.is(sparkline(parts, width, top), line))

test('a tool that was silent for long leaves a gap', () => {
  const points = { t: [0, 1, 2, 3, 4, 5, 6, 7, 8, 60, 61, 62].map(s => s * 1000), v: Array(12).fill(8) }
  assert.match(sparkline([points], 30, 8), /^█+ {5,}█+$/)
})

test('each character is between the least and the largest value', () => {
  const values = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5000 }), (v, width, step) => {
      const means = resample([every(v, 1_700_000_000_000, step)], width)
      assert.is(means.length, width)
      const [least, most] = [Math.min(...v), Math.max(...v)]
      for (const mean of means) assert.ok(mean != null && mean >= least * (1 - 1e-9) && mean <= most * (1 + 1e-9))
    })
  )
})

test.run()
