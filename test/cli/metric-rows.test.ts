/** The table of metrics of `bak show`. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { metricRow } from '../../cli/metric-rows.ts'
import { metricSamples } from '../../protocols/metric-samples.ts'
import type { WorkloadResult } from '../../protocols/phase.ts'
import { specOf } from '../protocols/samples.ts'

const result = (number: number, sample: number, metrics: WorkloadResult['metrics'], more: object = {}) => ({
  step: { number, name: 'x', sample },
  ...{ exit: 0, duration: 1, timedOut: false, metrics, ...more }
})
const metricRows = (record: Parameters<typeof metricSamples>[0]) => metricSamples(record).map(metricRow)
const iops = (value: number) => [{ name: 'iops', value, unit: 'ops/s', samples: 3 }]

test('metrics are shown by iteration, over its good samples', () => {
  const workload = [
    result(2, 1, iops(7)),
    result(1, 1, iops(1), { step: { number: 1, name: 'x', sample: 1, warmup: true } }),
    result(1, 1, iops(90)),
    result(1, 2, iops(5), { exit: 1 }),
    result(1, 3, [...iops(110), { name: 'p99', value: 0.123456789, samples: 1 }]),
    result(1, 4, undefined)
  ]
  assert.equal(metricRows({ workload, spec: specOf() }), [
    ['1-x', 'iops', '100 ops/s', '95..105 ops/s', undefined, 2],
    ['1-x', 'p99', '0.1235', undefined, undefined, 1],
    ['2-x', 'iops', '7 ops/s', undefined, undefined, 1]
  ])
})

test('several workloads of a sample are one value', () => {
  assert.equal(metricRows({ workload: [result(1, 1, iops(10)), result(1, 1, iops(30))], spec: specOf() }), [
    ['1-x', 'iops', '20 ops/s', undefined, undefined, 1]
  ])
})

test('of three samples the deviation is shown', () => {
  const workload = [1, 2, 3].map(sample => result(1, sample, iops(sample)))
  assert.equal(metricRows({ workload, spec: specOf() }), [['1-x', 'iops', '2 ops/s', '1.500..2.500 ops/s', '50 %', 3]])
})

test('quartiles in two units have both', () => {
  const workload = [900, 1100].map((value, i) => result(1, i + 1, [{ name: 'p99', value, unit: 'us', samples: 1 }]))
  assert.equal(metricRows({ workload, spec: specOf() }), [['1-x', 'p99', '1 ms', '950 µs .. 1.050 ms', undefined, 2]])
})

test('quartiles without a unit are written as those with one', () => {
  const workload = [10, 30].map((value, i) => result(1, i + 1, [{ name: 'depth', value, samples: 1 }]))
  assert.equal(metricRows({ workload, spec: specOf() }), [['1-x', 'depth', '20', '15..25', undefined, 2]])
})

test.run()
