/** What the workloads measured, for the first screen: a row a metric and iteration. Pure. */
import { metricSamples } from '../../protocols/metric-samples.ts'
import { spreadOf } from '../../protocols/quantiles.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { MetricSummary } from './report-data.ts'

/** @param iterations by which they are numbered */
export function metricsIn(record: RunRecord, iterations: Array<{ number: number }>): MetricSummary[] {
  const found = metricSamples(record).flatMap(({ iteration, metric, unit = '', better, samples }): MetricSummary[] => {
    const at = iterations.findIndex(({ number }) => number === iteration.number)
    if (at < 0 || samples.length === 0) return []
    const { median, iqr, cv } = spreadOf(samples.map(({ value }) => value))
    return [
      {
        ...{ iteration: at, metric, unit, ...(better && { better }), median },
        ...(samples.length < 2 ? {} : { iqr }),
        ...(cv == null ? {} : { cv: cv / 100 }),
        samples: samples.map(({ sample, value, byMember }) => ({
          ...{ sample, value },
          byMember: byMember.map(({ member = '', workload, instance, value }) => ({
            member,
            ...(workload == null ? {} : { instance: `${workload}.${instance}` }),
            value
          }))
        }))
      }
    ]
  })
  return found.sort((a, b) => placeOf(a.metric) - placeOf(b.metric))
}

/** Of a distribution the tail says most of what a user feels; all of it comes after what is not of a distribution, such as a throughput. */
const OF_DISTRIBUTION = ['p99', 'mean', 'p50', 'p95', 'p99.9', 'max']

function placeOf(metric: string): number {
  const [, last = ''] = /\.(p\d+(?:\.\d+)?|mean|max|min|stddev)$/.exec(metric) ?? []
  if (last === '') return 0
  const place = OF_DISTRIBUTION.indexOf(last)
  return 1 + (place < 0 ? OF_DISTRIBUTION.length : place)
}
