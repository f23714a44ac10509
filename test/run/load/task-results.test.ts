import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Rows } from '../../../node/run/load/rows.ts'
import { resultOf } from '../../../node/run/load/task-result.ts'
import { TaskResults } from '../../../node/run/load/task-results.ts'
import { quantileOf } from '../../../protocols/quantiles.ts'
import { LogHistogram } from '../../../protocols/tasks/histogram.ts'
import { encodeHistogram } from '../../../protocols/tasks/histogram-codec.ts'
import type { HistogramBlock } from '../../../protocols/tasks/load-stream.ts'
import { wholeSeconds } from '../../../protocols/tasks/task-entry.ts'
import { columnsOf, type MadeSample } from '../../helpers/load-blocks.ts'

const results = suite('results of a task')

const plan = (members: string[]) => ({
  ...{ task: 't', element: 1, operation: 'get', clients: members.length },
  members: new Map(members.map(each => [each, 1]))
})
const add = (to: TaskResults, member: string, samples: MadeSample[]) => {
  const { columns, kinds } = columnsOf(samples)
  to.addSamples(member, columns, { kinds, unit: 'ops' }, Math.max(...samples.map(each => each.due + each.latency)))
}

const sizesOf = (ms: number[]) => {
  const sizes = new LogHistogram()
  for (const each of ms) sizes.record(each * 1000)
  return encodeHistogram(sizes)
}
const histogramOf = (second: number, ms: number[], change: Partial<HistogramBlock> = {}): HistogramBlock => {
  const sum = ms.reduce((total, each) => total + Math.round(each * 1000), 0)
  return {
    ...{
      element: 1,
      task: 't',
      second,
      warmup: false,
      samples: ms.length,
      failed: 0,
      operations: ms.length,
      unit: 'ops'
    },
    ...{ sums: { latency: sum, service: sum }, errors: [] },
    ...{ latency: sizesOf(ms), service: sizesOf(ms), processing: sizesOf(ms) },
    ...change
  }
}

results('are those of all samples, however they are divided over members and blocks', async () => {
  const sample = fc.record({
    due: fc.double({ min: 0, max: 20_000, noNaN: true }),
    latency: fc.double({ min: 0.001, max: 5_000, noNaN: true }),
    warmup: fc.boolean(),
    failed: fc.option(fc.constantFrom('timeout', 'ECONNREFUSED'), { nil: undefined })
  })
  const portion = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.array(sample, { minLength: 1, maxLength: 40 }))
  await fc.assert(
    fc.asyncProperty(fc.array(portion, { minLength: 1, maxLength: 10 }), async portions => {
      const its = new TaskResults(plan(['a', 'b', 'c']))
      for (const [member, samples] of portions) add(its, member, samples)
      const found = await resultOf(its, new Map())
      const all = portions.flatMap(([, samples]) => samples)
      const normal = all.filter(each => !each.warmup)
      assert.equal([found.samples, found.warmup], [normal.length, all.length - normal.length])
      assert.is(found.failed, normal.filter(each => each.failed != null).length)
      assert.is(
        found.errors.reduce((sum, each) => sum + each.count, 0),
        found.failed
      )
      assert.is(
        found.seconds.failed.reduce<number>((sum, each) => sum + (each ?? 0), 0),
        all.filter(each => each.failed != null).length
      )
      if (normal.length === 0) return assert.is(found.latency, undefined)
      const sorted = normal.map(({ latency }) => latency).sort((one, other) => one - other)
      for (const [p, value] of Object.entries(found.latency?.percentiles ?? {}))
        assert.ok(Math.abs(value - quantileOf(sorted, Number(p) / 100)) < 1e-9)
      assert.is(found.latency?.max, sorted.at(-1))
    }),
    { numRuns: 50 }
  )
})

results(
  'operations of each whole second are those of normal samples, without the second in which the warm-up ends',
  async () => {
    const its = new TaskResults(plan(['a']))
    add(
      its,
      'a',
      Array.from({ length: 49 }, (_, i) => ({ due: 100 * (i + 1), latency: 0, weight: 2, warmup: i < 15 }))
    )
    assert.equal(wholeSeconds(await resultOf(its, new Map())), [20, 20])
    const cold = new TaskResults(plan(['a']))
    add(
      cold,
      'a',
      Array.from({ length: 30 }, (_, i) => ({ due: 100 * i, latency: 0 }))
    )
    assert.equal(wholeSeconds(await resultOf(cold, new Map())), [10, 10])
    const seconds = new TaskResults(plan(['a']))
    for (let second = 0; second < 5; second++) seconds.addHistogram('a', histogramOf(second, Array(10).fill(1)))
    assert.equal(wholeSeconds(await resultOf(seconds, new Map())), [10, 10, 10, 10, 10])
  }
)

results('the time in which the counted requests were made begins behind the warm-up', async () => {
  const its = new TaskResults(plan(['a', 'b']))
  add(its, 'a', [
    { due: 0, latency: 5, warmup: true },
    { due: 2_000, latency: 2_004 }
  ])
  add(its, 'b', [{ due: 1_999, latency: 50, warmup: true }])
  const found = await resultOf(its, new Map())
  assert.equal([found.from, found.duration], [2, 4.004])
  its.addHistogram('b', histogramOf(1, [1]))
  assert.is((await resultOf(its, new Map())).from, 1)
  const none = new TaskResults(plan(['a']))
  add(none, 'a', [{ due: 0, latency: 5, warmup: true }])
  assert.is((await resultOf(none, new Map())).from, undefined)
})

results('histograms of a member and samples of another are merged, within a thousandth', async () => {
  const its = new TaskResults(plan(['a', 'b']))
  const [one, other] = [Array.from({ length: 200 }, (_, i) => 1 + i), Array.from({ length: 300 }, (_, i) => 500 + i)]
  add(
    its,
    'a',
    one.map((latency, i) => ({ due: i, latency }))
  )
  its.addHistogram('b', histogramOf(1, other, { failed: 3, errors: [{ kind: 'timeout', count: 3 }] }))
  const found = await resultOf(its, new Map())
  assert.not(found.exact)
  assert.equal([found.samples, found.failed], [500, 3])
  assert.equal(found.errors, [{ kind: 'timeout', count: 3 }])
  const sorted = [...one, ...other]
  for (const [p, value] of Object.entries(found.latency?.percentiles ?? {})) {
    const exact = quantileOf(sorted, Number(p) / 100)
    assert.ok(Math.abs(value - exact) <= exact / 1_000, `${p}: ${value} and ${exact}`)
  }
  const mean = sorted.reduce((sum, each) => sum + each, 0) / 500
  assert.ok(Math.abs((found.latency?.mean ?? 0) - mean) < 1e-6)
})

const most = Number.MAX_SAFE_INTEGER
const tooManyErrors: Array<[failed: number, errors: HistogramBlock['errors']]> = [
  [0, [{ kind: 'timeout', count: 1 }]],
  [1, ['timeout', 'ECONNREFUSED'].map(kind => ({ kind, count: 1 }))],
  [2, ['timeout', 'timeout'].map(kind => ({ kind, count: most }))]
]
for (const [failed, errors] of tooManyErrors)
  results(`${errors.length} kinds of errors of ${errors[0]?.count} each, and ${failed} failed, are refused`, () => {
    const its = new TaskResults(plan(['a']))
    assert.throws(() => its.addHistogram('a', histogramOf(1, [1, 2], { failed, errors })), /more errors than the/)
    assert.not(its.hasSamples)
  })

results('histograms that do not have as many values as they say are refused', () => {
  const its = new TaskResults(plan(['a']))
  assert.throws(() => its.addHistogram('a', histogramOf(1, [1, 2], { samples: 3 })), /another number of values/)
  assert.throws(() => its.addHistogram('a', histogramOf(1, [1, 2], { failed: 3 })), /another number of values/)
  const sums = { latency: 3_000, service: 4_000 }
  assert.throws(() => its.addHistogram('a', histogramOf(1, [1, 2], { sums })), /not those of their histograms/)
  assert.throws(() => its.addHistogram('a', histogramOf(1, [1], { operations: 1e308 })), /too many operations/)
  assert.throws(() => its.addHistogram('a', histogramOf(1, [1], { latency: new Uint8Array(3) })), /cannot be read/)
})

results('words of members are short lines, and a unit is one', async () => {
  const its = new TaskResults(plan(['a']))
  const { columns, kinds } = columnsOf([{ due: 0, latency: 1, failed: `\u001b[31m${'x'.repeat(500)}` }])
  its.addSamples('a', columns, { kinds, unit: 'docs' }, 1)
  its.addSamples('a', columns, { kinds, unit: '\u001b[2J' }, 1)
  const { unit, errors } = await resultOf(its, new Map())
  assert.is(unit, 'docs')
  assert.equal(errors, [{ kind: ` [31m${'x'.repeat(195)}`, count: 2 }])
})

results('more samples than are kept make the result one of histograms', async () => {
  const its = new TaskResults(plan(['a']))
  const samples = Array.from({ length: 4_000 }, (_, i) => ({ due: i / 4, latency: 1 + (i % 100) }))
  for (let i = 0; i < 251; i++) add(its, 'a', samples)
  const found = await resultOf(its, new Map())
  assert.is(found.samples, 1_004_000)
  assert.not(found.exact)
  assert.is(found.latency?.max, 100)
  assert.ok(Math.abs((found.latency?.percentiles['50'] ?? 0) - 50.5) < 0.5)
})

results('what comes behind its time stays at its time when two rows become one', () => {
  const rows = new Rows()
  rows.at(101)
  for (const [row, ms] of [
    [100, 7],
    [101, 9]
  ] as const) {
    rows.ended[row] = 1
    rows.sizesOf(row)?.latency.note(ms)
  }
  rows.halve()
  assert.is(rows.latency[50]?.max, 9)
  assert.is(rows.open.size, 0)
})

results('a task that is longer than its rows has rows of several seconds, with the same sums', async () => {
  const its = new TaskResults(plan(['a', 'b']))
  const hours = 3
  for (let second = 0; second < hours * 3_600; second++)
    for (const member of ['a', 'b']) add(its, member, [{ due: second * 1_000 + 10, latency: 5 + (second % 7) }])
  const { seconds, members } = await resultOf(its, new Map())
  assert.is(seconds.every, 4)
  assert.is(seconds.throughput.length, (hours * 3_600) / 4)
  assert.ok(seconds.throughput.every(each => each === 2))
  assert.ok(seconds.latency.max.every(each => each != null && each >= 8 && each <= 11))
  assert.ok(seconds.latency.p50.every(each => each != null && each >= 5 && each <= 11))
  assert.is(members[0]?.seconds.throughput.length, seconds.throughput.length)
})

results('of many members each has fewer rows, which are longer, and all together keep theirs', async () => {
  const its = new TaskResults(plan(['a', 'b']))
  for (let second = 0; second < 100; second++)
    for (const member of ['a', 'b']) add(its, member, [{ due: second * 1_000 + 10, latency: 5 }])
  const { seconds, members } = await resultOf(its, new Map(), 60)
  assert.equal([seconds.every, seconds.throughput.length], [1, 100])
  for (const { seconds: own } of members) {
    assert.equal([own.every, own.throughput.length], [4, 25])
    assert.ok(own.throughput.every(each => each === 1))
    assert.ok(own.latency.p50.every(each => each === 5))
  }
})

results('rows know the percentiles of their second, of all members together', async () => {
  const its = new TaskResults(plan(['a', 'b']))
  for (let second = 0; second < 40; second++) {
    add(its, 'a', [{ due: second * 1_000, latency: 10, warmup: second < 5 }])
    // its link was cut for a while
    if (second === 39)
      add(
        its,
        'b',
        Array.from({ length: 40 }, (_, i) => ({ due: i * 1_000, latency: 30 }))
      )
  }
  const { seconds, members } = await resultOf(its, new Map())
  assert.ok(seconds.latency.p50.every(each => each != null && Math.abs(each - 20) < 0.1))
  assert.ok(seconds.throughput.every(each => each === 2))
  assert.is(seconds.warmup, 5)
  assert.ok(members[1]?.seconds.latency.p50.every(each => each != null && Math.abs(each - 30) < 0.1))
})

results.run()
