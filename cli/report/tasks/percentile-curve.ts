/** Latency by percentile, as plots draw it: each further nine of the share has the same room. Pure. */
import type { LogHistogram } from '../../../protocols/tasks/histogram.ts'
import type { Distribution } from '../../../protocols/tasks/tasks-file.ts'
import { CURVE_STEPS, shareAt } from './tasks-data.ts'

export interface PercentileCurve {
  /** ms */
  values: Float64Array
  /** Where the greatest value is: the decimal logarithm of the number of requests. */
  end: number
}

/**
 * @param histogram of microseconds
 * @param range of the values themselves, ms, which a histogram has to three digits only
 * @returns as many values as the number of requests can show
 */
export function curveOf(histogram: LogHistogram, { min, max }: Pick<Distribution, 'min' | 'max'>): PercentileCurve {
  const end = Math.log10(Math.max(1, histogram.count))
  const shares = Array.from({ length: Math.floor(end * CURVE_STEPS) + 1 }, (_, i) => shareAt(i / CURVE_STEPS))
  const values = histogram.quantiles(shares).map(value => Math.min(max, Math.max(min, value / 1000)))
  return { values: Float64Array.from(values), end }
}
