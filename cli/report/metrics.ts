/** What the workloads measured, for the first screen: a row a metric and iteration. Pure. */
import { metricSamples } from '../../protocols/metric-samples.ts'
import { spreadOf } from '../../protocols/quantiles.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { byRank } from '../result/foremost.ts'
import type { MetricSummary } from './report-data.ts'

/** @param iterations by which they are numbered */
export function metricsIn(record: RunRecord, iterations: Array<{ number: number }>): MetricSummary[] {
  return metricSamples(record)
    .toSorted(byRank)
    .flatMap(({ iteration, metric, unit = '', better, samples }): MetricSummary[] => {
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
}
