/** Percentiles and throughput of samples. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { percentileOf, percentilesFor, summaryOf } from '../../../protocols/tasks/percentiles.ts'
import { summarizeRows, ThroughputCounter } from '../../../protocols/tasks/throughput.ts'
import { rally } from './rally.ts'

const test = suite('statistics of tasks')

for (const { values, p, v } of rally.percentiles)
  test(`the percentile ${p} of ${values} is ${v}, as by Rally`, () => {
    const all = typeof values === 'string' ? Array.from({ length: 200 }, (_, i) => i + 1) : values
    const found = percentileOf(Float64Array.from(all).sort(), p)
    assert.ok(Math.abs(found - v) < 1e-9, String(found))
  })

const shown: Array<[number, number[]]> = [
  [1, [100]],
  [9, [50, 100]],
  [10, [50, 90, 100]],
  [99, [50, 90, 100]],
  [100, [50, 90, 99, 100]],
  [999, [50, 90, 99, 100]],
  [1_000, [50, 90, 99, 99.9, 100]],
  [9_999, [50, 90, 99, 99.9, 100]],
  [10_000, [50, 90, 99, 99.9, 99.99, 100]]
]
for (const [samples, percentiles] of shown)
  test(`${samples} samples show ${percentiles}`, () => assert.equal(percentilesFor(samples), percentiles))

test('a summary has the mean and the percentiles that its samples can show', () => {
  assert.equal(summaryOf(Float64Array.of(3, 1, 2)), { mean: 2, min: 1, max: 3, percentiles: { 50: 2, 100: 3 } })
})

for (const { name, samples, out } of rally.throughput)
  test(`throughput is that of Rally: ${name}`, () => {
    const [[absolute, , , period]] = samples as [[number, number, number, number]]
    const begin = absolute - period
    const counter = new ThroughputCounter()
    for (const [at, type, operations] of samples) counter.add(at - begin, operations, type === 0)
    const rows = counter.rows().map(([second, warmup, value]) => [second + begin, warmup ? 0 : 1, value])
    assert.is(rows.length, out.length)
    for (const [i, [at, type, value]] of (rows as number[][]).entries()) {
      const [expectedAt, , expectedType, expected] = out[i] as number[]
      assert.ok(Math.abs((at as number) - (expectedAt as number)) < 1e-9)
      assert.is(type, expectedType)
      assert.ok(Math.abs((value as number) / (expected as number) - 1) < 1e-9, `${value} and ${expected}`)
    }
  })

type Sample = [ended: number, operations: number, isWarmup: boolean]

/** As Rally does it: one sample after the other, sorted by time. */
function byHand(samples: Sample[]): Sample[] {
  const rows: Sample[] = []
  let [count, interval, bucket, isWarmup, has] = [0, 0, 1, true, false]
  const sorted = [...samples].sort(([one], [other]) => one - other)
  for (const [ended, operations, warmup] of sorted) {
    if (isWarmup && !warmup) [isWarmup, has] = [false, false]
    count += operations
    interval = Math.max(ended, interval)
    if (interval <= 0 || interval < bucket) continue
    bucket = Math.floor(interval) + 1
    has = true
    rows.push([ended, count / interval, isWarmup])
  }
  const last = sorted.at(-1)
  if (!has && last != null && interval > 0) rows.push([last[0], count / interval, isWarmup])
  return rows
}

const ends = fc.uniqueArray(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 60 })

test('it is the same in whatever order samples come, as if each had been counted one after the other', () => {
  fc.assert(
    fc.property(
      ends,
      fc.integer({ min: 0, max: 20_000 }),
      fc.integer({ min: 1, max: 9 }),
      (all, warmup, operations) => {
        const samples = all.map((at): Sample => [at / 1_000, operations + (at % 7), at < warmup])
        const counter = new ThroughputCounter()
        for (const sample of samples) counter.add(...sample)
        const expected = byHand(samples)
        const rows = counter.rows()
        assert.equal(
          rows.map(([at, isWarmup]) => [at, isWarmup]),
          expected.map(([at, , isWarmup]) => [at, isWarmup])
        )
        for (const [i, [, , value]] of rows.entries())
          assert.ok(Math.abs(value - (expected[i] as Sample)[1]) < 1e-6 * value)
      }
    )
  )
})

test('seconds of which single samples are not known count as a whole', () => {
  const counter = new ThroughputCounter()
  counter.add(0.5, 10, false)
  for (let second = 1; second <= 4; second++) counter.addSecond(second, 10, false)
  assert.equal(counter.rows(), [
    [1, false, 10],
    [2, false, 10],
    [3, false, 10],
    [4, false, 10]
  ])
  assert.equal(summarizeRows(counter.rows()), { min: 10, mean: 10, median: 10, max: 10 })
})

const instants: Array<[what: string, ends: number[], rows: number[][]]> = [
  ['at once', [0], []],
  ['sooner than a clock can tell', [1.788750781565555e-307 / 1_000, 3.587931596842844e-307 / 1_000], []],
  ['within a microsecond', [1e-9, 9e-7], []],
  ['after a microsecond', [1e-6], [[1e-6, 1 / 1e-6]]]
]
for (const [what, ends, expected] of instants)
  test(`of samples that all end ${what} each average is a number`, () => {
    const counter = new ThroughputCounter()
    for (const end of ends) counter.add(end, 1, false)
    assert.equal(
      counter.rows().map(([second, , value]) => [second, value]),
      expected
    )
  })

test('there is no summary without normal samples', () => {
  const counter = new ThroughputCounter()
  counter.add(0.5, 10, true)
  assert.equal(counter.rows(), [[0.5, true, 20]])
  assert.is(summarizeRows(counter.rows()), undefined)
})

test.run()
