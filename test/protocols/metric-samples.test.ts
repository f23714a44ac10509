/** How the values of instances and members become one value a sample. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Across, combine, type Metric } from '../../protocols/metric.ts'
import { metricSamples, metricValueOf } from '../../protocols/metric-samples.ts'
import type { WorkEntry } from '../../protocols/work-entry.ts'
import { specOf } from './samples.ts'

const client = { name: 'w', command: ['true'] }
const spec = specOf({ command: undefined, workload: [client] })
const metric = (name: string, value: number, more: Partial<Metric> = {}): Metric => ({
  name,
  value,
  samples: 1,
  ...more
})

function entry(sample: number, member: string, metrics: Metric[], more: Partial<WorkEntry> = {}): WorkEntry {
  const step = { number: 1, name: 'x', sample }
  return {
    step,
    member,
    name: 'w',
    instance: 1,
    role: 'client',
    exit: 0,
    duration: 1,
    timedOut: false,
    metrics,
    ...more
  }
}

test('a name that a member says again weighs no more than what others say', () => {
  const said = (...values: number[]) => values.map(value => metric('mean', value, { across: 'mean' }))
  const workload = [entry(1, 'b', said(10, 90, 90)), entry(1, 'c', said(20))]
  const [found] = metricSamples({ workload, spec })
  assert.is(found?.samples[0]?.value, 15)
  assert.equal(
    found?.samples[0]?.byMember.map(({ member, value }) => [member, value]),
    [
      ['b', 10],
      ['c', 20]
    ]
  )
  assert.is(metricValueOf(workload, 'mean'), 15)
})

test('throughputs are summed, means averaged, and of percentiles the largest is taken', () => {
  const stated = (iops: number, mean: number, p99: number) => [
    metric('iops', iops, { unit: '/s', better: 'more', across: 'sum' }),
    metric('mean', mean, { unit: 'ms', better: 'less' }),
    metric('p99', p99, { unit: 'ms', better: 'less', across: 'max' })
  ]
  const workload = [entry(1, 'b', stated(100, 1, 9)), entry(1, 'c', stated(50, 2, 7))]
  const byMember = (b: number, c: number) => [
    { member: 'b', workload: 'w', instance: 1, value: b },
    { member: 'c', workload: 'w', instance: 1, value: c }
  ]
  const iteration = { number: 1, name: 'x' }
  assert.equal(metricSamples({ workload, spec }), [
    {
      ...{ iteration, metric: 'iops', unit: '/s', better: 'more', across: 'sum' },
      samples: [{ sample: 1, value: 150, byMember: byMember(100, 50) }]
    },
    {
      ...{ iteration, metric: 'mean', unit: 'ms', better: 'less', across: 'mean' },
      samples: [{ sample: 1, value: 1.5, byMember: byMember(1, 2) }]
    },
    {
      ...{ iteration, metric: 'p99', unit: 'ms', better: 'less', across: 'max' },
      samples: [{ sample: 1, value: 9, byMember: byMember(9, 7) }]
    }
  ])
})

test('warm-ups, failed samples and instances that failed count for nothing', () => {
  const workload = [
    entry(1, 'b', [metric('n', 1)], { step: { number: 1, name: 'x', sample: 1, warmup: true } }),
    entry(1, 'b', [metric('n', 2)], { exit: 1 }),
    entry(1, 'c', [metric('n', 3)]),
    entry(2, 'b', [metric('n', 4)])
  ]
  const valuesBy = (policy: 'finish' | 'ignore') => {
    const ignoring = specOf({ command: undefined, workload: [client], policy: { on_failed_workload: policy } })
    return metricSamples({ workload, spec: ignoring }).map(({ samples }) => samples.map(({ value }) => value))
  }
  assert.equal(valuesBy('finish'), [[4]])
  assert.equal(valuesBy('ignore'), [[3, 4]])
})

test('samples of unlike instances are said to be uneven', () => {
  const values = (sample: number, ...members: string[]) => members.map(each => entry(sample, each, [metric('n', 1)]))
  const uneven = (workload: WorkEntry[]) => metricSamples({ workload, spec })[0]?.uneven
  assert.is(uneven([...values(1, 'b', 'c'), ...values(2, 'c', 'b')]), undefined)
  assert.is(uneven([...values(1, 'b', 'c'), ...values(2, 'b')]), true)
})

test('values in another unit are a metric of their own, and one without a unit has that of the others', () => {
  const workload = [
    entry(1, 'b', [metric('t', 1)]),
    entry(1, 'c', [metric('t', 3, { unit: 's' })]),
    entry(1, 'd', [metric('t', 4000, { unit: 'ms' })])
  ]
  const found = metricSamples({ workload, spec }).map(({ unit, samples }) => [unit, samples[0]?.value])
  assert.equal(found, [
    ['s', 2],
    ['ms', 4000]
  ])
  assert.is(metricValueOf(workload, 't'), 2)
  assert.is(metricValueOf(workload, 'u'), undefined)
})

test('iterations and samples are in their order, whoever answered first', () => {
  const at = (number: number, sample: number) =>
    entry(sample, 'b', [metric('n', 10 * number + sample)], { step: { number, name: `i${number}`, sample } })
  const found = metricSamples({ workload: [at(2, 1), at(1, 2), at(1, 1)], spec })
  assert.equal(
    found.map(({ iteration, samples }) => [iteration.name, samples.map(({ value }) => value)]),
    [
      ['i1', [11, 12]],
      ['i2', [21]]
    ]
  )
})

test('a value of a sample is as finite as those that it is made of, and within them but for a sum', () => {
  const value = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(fc.array(value, { minLength: 1 }), fc.constantFrom<Across>('sum', 'mean', 'max'), (values, how) => {
      const found = combine(values, how)
      const slack = Math.max(...values.map(Math.abs)) * 1e-12
      assert.ok(Number.isFinite(found))
      if (how !== 'sum') assert.ok(found >= Math.min(...values) - slack && found <= Math.max(...values) + slack)
    })
  )
})

test.run()
