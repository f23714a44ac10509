/** What the page computes before it draws: marks of axes, numbers with units, fewer points, spreads. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { placeTimes } from '../../../../cli/report/page/axis.ts'
import { coloursOf } from '../../../../cli/report/page/colours.ts'
import { clip, columnsOf, widthOf } from '../../../../cli/report/page/columns.ts'
import { shortNames } from '../../../../cli/report/page/member-names.ts'
import { factsOf } from '../../../../cli/report/page/panel-facts.ts'
import { aloneIn, unionOf } from '../../../../cli/report/page/plot-table.ts'
import { firstAt, reduce, statsWithin, sumOf, valueAt } from '../../../../cli/report/page/reduce.ts'
import { meansOf, quantile, spreadOf } from '../../../../cli/report/page/spread.ts'
import { niceAbove, timeTicks, valueTicks } from '../../../../cli/report/page/ticks.ts'
import { clock, duration, plain, rough, scaleOf, withUnit } from '../../../../cli/report/page/units.ts'
import type { Panel, ReportData } from '../../../../cli/report/report-data.ts'

/** A series. */
const points = (t: number[], v: number[]) => ({ t: Float64Array.from(t), v: Float32Array.from(v) })

const test = suite('numbers of the page')

test('the top of a scale is round and not below the greatest value', () => {
  const cases: Array<[number, number]> = [
    [0, 1],
    [0.3, 0.3],
    [0.31, 0.4],
    [1, 1],
    [1.2, 1.2],
    [1.3, 1.5],
    [97, 100],
    [100, 100],
    [101, 120],
    [7.1e6, 8e6],
    [Number.NaN, 1]
  ]
  for (const [value, wanted] of cases)
    assert.ok(Math.abs(niceAbove(value) - wanted) < wanted * 1e-9, `${value}: ${niceAbove(value)}`)
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1e15, noNaN: true }), value => {
      const top = niceAbove(value)
      return top >= value * (1 - 1e-9) && top <= value * 1.67
    })
  )
})

test('marks are round, ascending, within the axis, and no more than asked for', () => {
  assert.equal(valueTicks(0, 100, 4), [0, 50, 100])
  assert.equal(valueTicks(0, 0.3, 3), [0, 0.1, 0.2, 0.3])
  assert.equal(valueTicks(-1, 1, 4), [-1, -0.5, 0, 0.5, 1])
  assert.equal(timeTicks(0, 185, 6), [0, 60, 120, 180])
  assert.equal(timeTicks(3, 3.5, 5), [3, 3.1, 3.2, 3.3, 3.4, 3.5])
  assert.equal(timeTicks(0, 5 * 86_400, 3), [0, 2 * 86_400, 4 * 86_400])
  const spans = fc.tuple(
    fc.double({ min: 0, max: 1e6, noNaN: true }),
    fc.double({ min: 1e-3, max: 1e7, noNaN: true }),
    fc.integer({ min: 1, max: 20 })
  )
  fc.assert(
    fc.property(spans, ([from, span, count]) => {
      for (const ticks of [timeTicks(from, from + span, count), valueTicks(from, from + span, count)]) {
        if (ticks.length > count + 1) return false
        const margin = span * 1e-6
        if (ticks.some(tick => tick < from - margin || tick > from + span + margin)) return false
        if (ticks.some((tick, index) => index > 0 && tick <= (ticks[index - 1] as number))) return false
      }
      return true
    })
  )
})

test('times of an axis are labelled where no label touches another, however short the range is', () => {
  const labels = (from: number, to: number, width: number) => {
    const frame = { left: 0, top: 0, width, height: 10, range: { from, to }, low: 0, high: 1 }
    return placeTimes(frame, timeTicks(from, to, Math.max(2, Math.floor(width / 56)))).flatMap(({ time, label }) => {
      if (label == null) return []
      const long = 6 * clock(time).length
      const begin = label.anchor === 'start' ? label.x : label.anchor === 'end' ? label.x - long : label.x - long / 2
      return [{ time, begin, end: begin + long }]
    })
  }
  // the first one is moved inwards, and reaches to where the second would begin
  assert.equal(
    labels(0, 0.0045, 240).map(({ time }) => time),
    [0, 0.002, 0.004]
  )
  fc.assert(
    fc.property(
      fc.nat({ max: 10_000 }),
      fc.double({ min: 1e-4, max: 1e5, noNaN: true }),
      fc.integer({ min: 100, max: 1500 }),
      (from, span, width) => {
        const placed = labels(from, from + span, width)
        assert.ok(placed.length > 0)
        for (const [at, { begin }] of placed.entries()) if (at > 0) assert.ok(begin > (placed[at - 1]?.end ?? 0))
      }
    )
  )
})

test('numbers have three digits and the prefix that their unit takes', () => {
  const cases: Array<[number, string, string]> = [
    [0, '%', '0 %'],
    [43.21, '%', '43.2 %'],
    [0.00123, 's', '0.00123 s'],
    [152_340, '/s', '152 k/s'],
    [999, '/s', '999 /s'],
    [1000, '/s', '1 k/s'],
    [3 * 2 ** 30, 'B', '3 GiB'],
    [1.5 * 2 ** 20, 'B/s', '1.5 MiB/s'],
    [1000, 'B', '1,000 B'],
    [1024, 'B', '1 KiB'],
    [9.4e9, 'bit/s', '9.4 Gbit/s'],
    [-2500, '/s', '-2.5 k/s'],
    [123_456, 'ms', '123,456 ms'],
    [2e18, '', '2.00e+18'],
    [Number.NaN, '%', '–'],
    [12, '', '12']
  ]
  for (const [value, unit, wanted] of cases) assert.is(withUnit(value, unit), wanted)
  assert.is(plain(1234.5), '1,235')
  assert.is(rough(0.4589), '0.46')
  assert.is(scaleOf(2 ** 20, 'B').divisor, 2 ** 20)
})

test('times are minutes and seconds of the run', () => {
  const cases: Array<[number, string]> = [
    [0, '0:00'],
    [30, '0:30'],
    [3725, '1:02:05'],
    [0.25, '0:00.25'],
    [59.9999999, '1:00'],
    [-1, '−0:01']
  ]
  for (const [seconds, wanted] of cases) assert.is(clock(seconds), wanted)
  assert.equal([0.25, 8.24, 59.97, 252, 12_000].map(duration), [
    '250 ms',
    '8.2 s',
    '1 min 0 s',
    '4 min 12 s',
    '3 h 20 min'
  ])
  assert.is(duration(3599.7), '1 h 0 min')
  assert.is(duration(7199), '2 h 0 min')
})

test('fewer points keep the least and the greatest, the order and what is beyond the edges', () => {
  const series = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 2000 })
  fc.assert(
    fc.property(series, fc.integer({ min: 1, max: 40 }), (values, columns) => {
      const all = points([...values.keys()], values)
      const few = reduce(all, 0, values.length, columns)
      const within = few.t.length <= Math.max(5 * columns, 4 * columns)
      const ascending = few.t.every((time, index) => index === 0 || time > (few.t[index - 1] as number))
      return (
        within && ascending && Math.max(...few.v) === Math.max(...all.v) && Math.min(...few.v) === Math.min(...all.v)
      )
    })
  )
  const part = reduce(points([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]), 1.5, 3.5, 100)
  assert.equal([...part.t], [1, 2, 3, 4])
  // a gap stays one
  const long = Array.from({ length: 1000 }, (_, index) => (index === 500 ? Number.NaN : 1))
  assert.ok(reduce(points([...long.keys()], long), 0, 999, 10).v.some(Number.isNaN))
})

test('the level of a member is the mean and the maximum within the windows, without gaps', () => {
  const series = points([0, 1, 2, 3, 4], [100, 1, Number.NaN, 3, 100])
  assert.equal(statsWithin(series, [{ from: 1, to: 3 }]), { mean: 2, max: 3 })
  assert.equal(statsWithin(series, []), { mean: 51, max: 100 })
  assert.equal(statsWithin(series, [{ from: 10, to: 20 }]), { mean: Number.NaN, max: Number.NaN })
  assert.is(valueAt(series, 2.9, 1), 3)
  assert.ok(Number.isNaN(valueAt(series, 30, 5)))
  assert.is(firstAt(series.t, 2.5), 3)
})

test('a stack is the sum of its parts where any has a value', () => {
  const sum = sumOf([points([0, 1, 2], [1, Number.NaN, Number.NaN]), points([0, 1, 2], [1, 2, Number.NaN])])
  assert.equal([...sum.v], [2, 2, Number.NaN])
  assert.is(sumOf([]).t.length, 0)
})

test('ranges of time have the mean of their points, or lie between their neighbours', () => {
  assert.equal([...meansOf(points([0, 1, 2, 3], [1, 3, 5, 7]), 0, 4, 2)], [2, 6])
  assert.equal([...meansOf(points([0, 10], [0, 10]), 0, 10, 5)].map(Math.round), [0, 3, 5, 7, 9])
  assert.equal([...meansOf(points([5], [1]), 0, 10, 2)], [Number.NaN, 1])
})

test('the spread of members goes from the least over the quartiles to the greatest', () => {
  const members = [1, 2, 3, 4, 5].map(level => points([0, 1, 2, 3], [level, level, level, level]))
  const spread = spreadOf(members, 0, 4, 2)
  const at = ['least', 'lower', 'median', 'upper', 'greatest'].map(
    name => (spread as never as Record<string, Float32Array>)[name]?.[0]
  )
  assert.equal(at, [1, 2, 3, 4, 5])
  assert.equal(
    [0, 0.25, 0.5, 1].map(share => quantile([1, 2, 3, 4], share)),
    [1, 1.75, 2.5, 4]
  )
})

test('series of several axes get the times of all, each once', () => {
  assert.equal([...unionOf([points([0, 2, 4], [0, 0, 0]), points([1, 2, 5], [0, 0, 0])])], [0, 1, 2, 4, 5])
  const shared = Float64Array.of(1, 2)
  assert.is(
    unionOf([
      { t: shared, v: new Float32Array(2) },
      { t: shared, v: new Float32Array(2) }
    ]),
    shared
  )
})

test('columns fill the width, and more than eight members are one', () => {
  for (const [total, members] of [
    [1232, 3],
    [1232, 8],
    [1552, 1],
    [1232, 64]
  ] as const) {
    const columns = columnsOf(total, members)
    const used = columns.gutter + columns.gap + widthOf(columns) + columns.gap + columns.end
    assert.ok(used <= total && used > total - columns.count, `${used} of ${total}`)
    assert.is(columns.count, members > 8 ? 1 : members)
  }
  assert.is(clip('rack1-n01.example', 60), 'rack1-n0…')
})

test('a point alone between two gaps is found, since no line leads to it', () => {
  const gap = Number.NaN
  assert.equal(aloneIn(Float32Array.of(1, gap, 2, gap, 3, 4, gap, 5)), [0, 2, 7])
  assert.equal(aloneIn(Float32Array.of(1, 2)), [])
})

test('members without the domain that they share still differ', () => {
  assert.equal(shortNames(['a.x.net', 'b.x.net']), ['a', 'b'])
  assert.equal(shortNames(['a.eu.x.net', 'a.us.x.net']), ['a.eu', 'a.us'])
  assert.equal(shortNames(['n1', 'n2']), ['n1', 'n2'])
  assert.equal(shortNames(['only.x.net']), ['only.x.net'])
  assert.equal(shortNames(['.net', 'a.net']), ['.net', 'a.net'])
})

test('the scale of a row holds for all members, and the busiest is named unless all are alike', () => {
  const window = { kind: 'work' as const, label: '', from: 0, to: 10 }
  const facts = (levels: number[], panel: Partial<Panel> = {}) =>
    factsOf(
      {
        ...{ id: 'x', title: '', unit: '%', first: true, style: 'lines', parts: ['a'], rank: 'mean' },
        ...panel,
        cells: levels.map((_, member) => ({ member, series: [member] }))
      },
      {
        data: { windows: [window] } as ReportData,
        text: () => '',
        values: () => new Float32Array(),
        points: index => points([1, 2, 30], [levels[index] as number, levels[index] as number, 90])
      }
    )
  const { low, high, busiest } = facts([40, 60, 20])
  assert.equal([low, high, busiest?.cell.member, busiest?.mean], [0, 100, 1, 60])
  assert.is(facts([40, 40.2, 40]).busiest, undefined)
  assert.is(facts([0, 0]).busiest, undefined)
  assert.is(facts([40, 60], { full: 100 }).high, 100)
  assert.is(facts([40, 160], { full: 100 }).high, 200)
  assert.is(facts([-3, 2]).low, -3)
  // two parts: rates are added, of others the first that is not always zero counts
  const two = (unit: string, first: number, second = 7, panel: Partial<Panel> = {}) =>
    factsOf(
      {
        ...{ id: 'x', title: '', unit, first: true, style: 'lines', parts: ['a', 'b'], rank: 'max' },
        ...panel,
        cells: [{ member: 0, series: [0, 1] }]
      },
      {
        data: { windows: [window] } as ReportData,
        text: () => '',
        values: () => new Float32Array(),
        points: index => points([1, 2], index === 0 ? [first, first] : [second, second])
      }
    )
  assert.equal([two('B/s', 5).cells[0]?.max, two('ms', 5).cells[0]?.max, two('ms', 0).cells[0]?.max], [12, 5, 7])
  assert.equal([two('/s', 5).levels, two('ms', 5).levels, two('ms', 0).levels], [[0, 1], [0], [1]])
  const stack = two('%', 5, 7, { style: 'stack', parts: ['user', 'iowait'] })
  assert.equal([stack.levels, stack.cells[0]?.max], [[0], 5], 'a processor that waits for a disk is not busy')
  assert.equal([two('ms', 0).isIdle, two('ms', 0, 0).isIdle], [false, true])
})

test('known parts have their colours, and no two of six parts the same', () => {
  assert.equal(coloursOf(['user', 'system', 'iowait']), ['--blue', '--vermillion', '--orange'])
  assert.equal(coloursOf(['cpu.system', 'net.tx.bytes']), ['--vermillion', '--orange'])
  for (const parts of [
    ['read', 'write'],
    ['user', 'nice', 'system', 'iowait', 'irq', 'steal'],
    ['a', 'b', 'c', 'd', 'e', 'f']
  ]) {
    assert.is(new Set(coloursOf(parts)).size, parts.length)
  }
})

test.run()
