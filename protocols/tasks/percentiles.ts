/** Which percentiles so many samples can show, and what they are. Pure. */
import { quantileOf } from '../quantiles.ts'

/** From which number of samples on a percentile is one of them. */
const SHOWN = [
  { percentile: 50, from: 2 },
  { percentile: 90, from: 10 },
  { percentile: 99, from: 100 },
  { percentile: 99.9, from: 1_000 },
  { percentile: 99.99, from: 10_000 },
  { percentile: 100, from: 1 }
]

/** @returns upwards; `100` is the largest value */
export const percentilesFor = (samples: number): number[] =>
  SHOWN.filter(({ from }) => samples >= from).map(({ percentile }) => percentile)

/** Linear between the two values around the place, as numpy does it. @param sorted upwards, at least one */
export const percentileOf = (sorted: ArrayLike<number>, percentile: number): number =>
  quantileOf(sorted, percentile / 100)

export interface Summary {
  mean: number
  min: number
  max: number
  /** By `50`, `99.9` and so on. */
  percentiles: Record<string, number>
}

/** @param values at least one; they are sorted in their place */
export function summaryOf(values: Float64Array): Summary {
  values.sort()
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length
  const percentiles = percentilesFor(values.length).map(each => [String(each), percentileOf(values, each)])
  return { mean, min: values[0] as number, max: values.at(-1) as number, percentiles: Object.fromEntries(percentiles) }
}
