/** The metrics of a workload for people: by iteration, over its good samples. Those of each sample are in run.json. */
import { iterationFolder } from '../protocols/layout.ts'
import { showPercent } from '../protocols/matrix/iteration-summary.ts'
import type { MetricSamples } from '../protocols/metric-samples.ts'
import { spreadOf } from '../protocols/quantiles.ts'
import { formatValue } from './format-value.ts'

export const METRIC_HEAD = ['ITERATION', 'METRIC', 'MEDIAN', 'QUARTILES', 'CV', 'SAMPLES']
/** Of a value: a difference of a tenth of a percent is seen. */
const DIGITS = 4
type Row = Array<string | number | undefined>

export function metricRow({ iteration, metric, unit, samples }: MetricSamples): Row {
  const { median, low, high, cv } = spreadOf(samples.map(({ value }) => value))
  const quartiles = samples.length < 2 ? undefined : formatRange(low, high, unit)
  return [
    ...[iterationFolder(iteration), metric, formatValue(median, unit, DIGITS), quartiles],
    ...[cv == null ? undefined : showPercent(cv), samples.length]
  ]
}

/** `151.2..152.9 k/s`: the unit once where both have the same. */
function formatRange(low: number, high: number, unit?: string): string {
  const [from, to] = [low, high].map(each => formatValue(each, unit, DIGITS)) as [string, string]
  const [number = '', ...of] = from.split(' ')
  if (of.length === 0 && !to.includes(' ')) return `${from}..${to}`
  return to.endsWith(` ${of.join(' ')}`) && of.length > 0 ? `${number}..${to}` : `${from} .. ${to}`
}
