/** Centre and spread of the values of a metric over samples. Pure. */
import { deviationOf } from './matrix/deviation.ts'

export interface Spread {
  median: number
  /** The quartiles: half of the values are between them. */
  low: number
  high: number
  /** Their distance. */
  iqr: number
  /** Standard deviation in percent of the mean; left out for fewer than three values. */
  cv?: number
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other)
  const [low, median, high] = [0.25, 0.5, 0.75].map(share => quantileOf(sorted, share)) as [number, number, number]
  const cv = values.length < 3 ? undefined : deviationOf(values)
  // two finite numbers may be further apart than any number
  const iqr = Math.min(high - low, Number.MAX_VALUE)
  return { median, low, high, iqr, ...(cv == null ? {} : { cv }) }
}

/** @param values at least one */
export const medianOf = (values: readonly number[]): number =>
  quantileOf(
    [...values].sort((one, other) => one - other),
    0.5
  )

/**
 * Linear between the two values around the place, as R, numpy and DuckDB do it (type 7 of Hyndman and Fan).
 * @param sorted upwards, at least one
 * @param share 0 to 1
 */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] as number
  const above = sorted[Math.ceil(at)] as number
  const part = at - Math.floor(at)
  // no difference: of two finite numbers it may be infinite
  return below === above ? below : below * (1 - part) + above * part
}
