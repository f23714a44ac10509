/** The table of metrics of `bak show`. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { metricRows } from '../../cli/metric-rows.ts'
import type { WorkloadResult } from '../../protocols/phase.ts'
import { specOf } from '../protocols/samples.ts'

const result = (number: number, sample: number, metrics: WorkloadResult['metrics'], more: object = {}) => ({
  step: { number, name: 'x', sample },
  ...{ exit: 0, duration: 1, timedOut: false, metrics, ...more }
})
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
    ['1-x', 'iops', '100', 'ops/s', '95..105', undefined, 2],
    ['1-x', 'p99', '0.123457', undefined, undefined, undefined, 1],
    ['2-x', 'iops', '7', 'ops/s', undefined, undefined, 1]
  ])
})

test('several workloads of a sample are one value', () => {
  assert.equal(metricRows({ workload: [result(1, 1, iops(10)), result(1, 1, iops(30))], spec: specOf() }), [
    ['1-x', 'iops', '20', 'ops/s', undefined, undefined, 1]
  ])
})

test('of three samples the deviation is shown', () => {
  const workload = [1, 2, 3].map(sample => result(1, sample, iops(sample)))
  assert.equal(metricRows({ workload, spec: specOf() }), [['1-x', 'iops', '2', 'ops/s', '1.5..2.5', '50 %', 3]])
})

test.run()
