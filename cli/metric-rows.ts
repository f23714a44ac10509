/** The metrics of a run for people: by iteration, over its good samples. Those of each sample are in run.json. */
import { iterationFolder } from '../protocols/layout.ts'
import { showPercent } from '../protocols/matrix/iteration-summary.ts'
import { metricSamples } from '../protocols/metric-samples.ts'
import { spreadOf } from '../protocols/quantiles.ts'
import type { RunRecord } from '../protocols/record.ts'
import { formatNumber } from './format.ts'

export const METRIC_HEAD = ['ITERATION', 'METRIC', 'MEDIAN', 'UNIT', 'QUARTILES', 'CV', 'SAMPLES']
type Row = Array<string | number | undefined>

/** @returns a row for each metric of each iteration, in their order; warm-ups and failed samples are left out */
export const metricRows = (record: Pick<RunRecord, 'workload' | 'spec'>): Row[] =>
  metricSamples(record).map(({ iteration, metric, unit, samples }) => {
    const { median, low, high, cv } = spreadOf(samples.map(({ value }) => value))
    const quartiles = samples.length < 2 ? undefined : `${formatNumber(low)}..${formatNumber(high)}`
    return [
      ...[iterationFolder(iteration), metric, formatNumber(median), unit, quartiles],
      ...[cv == null ? undefined : showPercent(cv), samples.length]
    ]
  })
