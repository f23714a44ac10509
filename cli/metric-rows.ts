/** The metrics of a run for people: by iteration, over its good samples. Those of each sample are in run.json. */
import { iterationFolder } from '../protocols/layout.ts'
import { deviationOf } from '../protocols/matrix/deviation.ts'
import { showPercent } from '../protocols/matrix/iteration-summary.ts'
import type { Metric } from '../protocols/metric.ts'
import type { RunRecord } from '../protocols/record.ts'
import { hasFailed } from '../protocols/work-entry.ts'
import { formatNumber } from './format.ts'

export const METRIC_HEAD = ['ITERATION', 'METRIC', 'MEAN', 'UNIT', 'DEVIATION', 'SAMPLES']
type Row = Array<string | number | undefined>

/** @returns a row for each metric of each iteration, in their order; warm-ups and failed samples are left out */
export function metricRows({ workload }: Pick<RunRecord, 'workload'>): Row[] {
  const good = workload.filter(each => each.step.warmup == null && !hasFailed(each))
  const byIteration = Map.groupBy(good, ({ step }) => step.number)
  return [...byIteration]
    .sort(([a], [b]) => a - b)
    .flatMap(([, all]) => {
      const [first] = all
      return first == null ? [] : rowsOf(iterationFolder(first.step), all)
    })
}

function rowsOf(iteration: string, workload: RunRecord['workload']): Row[] {
  const all = workload.flatMap(({ step, metrics = [] }) => metrics.map(metric => ({ ...metric, sample: step.sample })))
  return [...Map.groupBy(all, ({ name }) => name)].map(([name, values]) => {
    // several workloads of a sample are one value
    const samples = [...Map.groupBy(values, ({ sample }) => sample).values()].map(meanOf)
    const deviation = deviationOf(samples)
    const unit = values.find(each => each.unit != null)?.unit
    const mean = formatNumber(samples.reduce((sum, each) => sum + each / samples.length, 0))
    return [iteration, name, mean, unit, deviation == null ? undefined : showPercent(deviation), samples.length]
  })
}

const meanOf = (values: Metric[]) => values.reduce((sum, { value }) => sum + value / values.length, 0)
