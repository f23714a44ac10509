import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { rateOf } from '../../node/series/counter.ts'
import { FileSink } from '../../node/series/sink.ts'
import { openSeries } from '../../protocols/series/read-series.ts'
import { SeriesWriter } from '../../protocols/series/write-series.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('what readers write to')

const samples: Array<[what: string, options: Parameters<typeof rateOf>[0], given: number[][], rates: unknown[]]> = [
  [
    'grows',
    {},
    [
      [0, 5],
      [1000, 7],
      [3000, 7]
    ],
    [undefined, 2, 0]
  ],
  [
    'is scaled',
    { scale: 512 },
    [
      [0, 0],
      [500, 1]
    ],
    [undefined, 1024]
  ],
  [
    'was reset',
    {},
    [
      [0, 5],
      [1000, 1],
      [2000, 4]
    ],
    [undefined, undefined, 3]
  ],
  [
    'wrapped',
    { wrap: 32 },
    [
      [0, 2 ** 32 - 10],
      [1000, 20],
      [2000, 21]
    ],
    [undefined, 30, 1]
  ],
  [
    'was reset, though it may wrap',
    { wrap: 32 },
    [
      [0, 5000],
      [1000, 3],
      [2000, 4]
    ],
    [undefined, undefined, 1]
  ],
  [
    'is wider than it is said to wrap',
    { wrap: 32 },
    [
      [0, 2 ** 40],
      [1000, 3]
    ],
    [undefined, undefined]
  ],
  [
    'is sampled twice at one instant',
    {},
    [
      [0, 5],
      [0, 6],
      [1000, 7]
    ],
    [undefined, undefined, 2]
  ],
  [
    'is sampled by a clock that was set back',
    {},
    [
      [5000, 5],
      [1000, 6],
      [2000, 7]
    ],
    [undefined, undefined, 1]
  ]
]
for (const [what, options, given, rates] of samples)
  test(`a counter that ${what} has the rates that it shows`, () => {
    const next = rateOf(options)
    assert.equal(
      given.map(([t = 0, value = 0]) => next(t, value)),
      rates
    )
  })

test('the rates of a counter of 32 bits are those of the same counter without an end', () => {
  const steps = fc.array(
    fc.record({ grown: fc.integer({ min: 0, max: 2 ** 31 - 1 }), after: fc.integer({ min: 1, max: 10_000 }) })
  )
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), steps, (first, steps) => {
      const wrapping = rateOf({ wrap: 32 })
      const whole = rateOf()
      let [t, value] = [0, first]
      for (const { grown, after } of [{ grown: 0, after: 1 }, ...steps]) {
        t += after
        value += grown
        assert.is(wrapping(t, value % 2 ** 32), whole(t, value))
      }
    })
  )
})

test('no counter has a negative rate or one that is no number, whatever its values are', () => {
  const value = fc.oneof(fc.maxSafeNat(), fc.double({ noNaN: true, min: -1e18, max: 1e18 }))
  fc.assert(
    fc.property(fc.constantFrom(undefined, 32 as const), fc.array(fc.tuple(fc.nat(1e6), value)), (wrap, samples) => {
      const next = rateOf({ wrap })
      for (const [t, value] of samples) {
        const rate = next(t, value)
        assert.ok(rate === undefined || (rate >= 0 && Number.isFinite(rate)))
      }
    })
  )
})

test("times become the controller's, values that are none are left out, and lines that are no sample are counted", async () => {
  const path = join(scratch(), 'series.parquet')
  const writer = new SeriesWriter(path, {
    run: '20261122T213015-k3f9ab',
    member: 'm1',
    clock: { offset: 250, bound: 1 },
    began: 1
  })
  const sink = new FileSink(writer, { tool: 'mine', offset: 250 })
  const load = sink.gauge('load\n1', { 'a\u0007': 'x' }, '')
  for (const value of [1, Number.NaN, Number.POSITIVE_INFINITY, 2]) load(1e12 + value, value)
  load(Number.NaN, 3)
  load(-5, 3)
  sink.counter('reads', {}, '/s')(1e12, 5)
  sink.line = 7
  sink.bad('has three columns')
  sink.line = 9
  sink.bad('has two columns')
  assert.equal(sink.badLines, { lines: 2, first: 7, why: 'has three columns' })
  writer.finish([])
  const file = await openSeries(path)
  assert.equal(
    file.series.map(({ metric, labels, count }) => [metric, labels, count]),
    [['load 1', { 'a ': 'x' }, 2]]
  )
  const [points] = await file.points(file.series)
  assert.equal([...(points?.t ?? [])], [1e12 + 1 - 250, 1e12 + 2 - 250])
  await file.close()
})

test.run()
