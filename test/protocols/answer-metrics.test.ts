/** Whether the metrics of all instances of a member fit into one answer. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fitMetrics } from '../../protocols/answer-metrics.ts'
import { encode } from '../../protocols/codec.ts'
import { MAX_METRICS, type Metric } from '../../protocols/metric.ts'
import { MAX_INSTANCES_OF_MEMBER } from '../../protocols/workload.ts'

/** With names and units that are as long as they may be. */
const metric = (i: number): Metric => ({
  ...{ name: `${i}`.padEnd(64, 'n'), value: 0.1, unit: '€'.repeat(32), better: 'more', across: 'mean', samples: 1 }
})
const instances = (size: number, metrics: number) =>
  Array.from({ length: size }, (_, instance) => ({
    instance,
    metrics: Array.from({ length: metrics }, (_, i) => metric(i))
  }))

test('what fits is as it was', () => {
  const done = { workloads: instances(4, 20), warnings: ['x'] }
  assert.is(fitMetrics(done, 64), done)
  assert.equal(fitMetrics({ warnings: ['x'] }, 10_000), { warnings: ['x'] })
})

test('of too many the first of each instance stay, of all alike many, and it is said', () => {
  const done = { workloads: instances(MAX_INSTANCES_OF_MEMBER, MAX_METRICS), warnings: ['x'] }
  const { workloads, warnings } = fitMetrics(done, 2)
  const counts = new Set(workloads.map(({ metrics }) => metrics?.length))
  assert.is(counts.size, 1)
  const [kept = 0] = counts
  assert.ok(kept > 0 && kept < MAX_METRICS)
  assert.equal(workloads[5]?.metrics, done.workloads[5]?.metrics.slice(0, kept))
  assert.equal(warnings, [
    `an answer has room for the first ${kept} of 128 metrics of each instance: the others are in the output only`,
    'x'
  ])
  assert.ok(encode(workloads).length < 192 * 1024)
})

for (const members of [1, 64, 1_000, 10_000]) {
  test(`answers of ${members} members fit into one certificate`, () => {
    const { workloads } = fitMetrics({ workloads: instances(1, MAX_METRICS) }, members)
    assert.ok(encode(workloads).length * members < 8 * 1024 * 1024)
  })
}

test('an instance with fewer metrics has all of them', () => {
  const [large, small] = [instances(100, 30), instances(1, 2)]
  const { workloads } = fitMetrics({ workloads: [...large, ...small] }, 1)
  assert.equal(workloads.at(-1), small[0])
})

test.run()
