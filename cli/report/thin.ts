/** Series with fewer points than were measured: of each range of times the least and the highest value, so that no peak is lost. Pure. */

/** How an axis is thinned, for all series that have it. */
export interface Thinning {
  /** Two for each range: its first time and one in its middle. */
  times: Float64Array
  /** Where each range begins, and the end of the last; left out where all points stay. */
  bounds?: Uint32Array
}

/** @param most times that may stay, at least 2 */
export function thinTimes(times: Float64Array, most: number): Thinning {
  if (times.length <= most || times.length <= 2) return { times }
  const ranges = Math.max(1, Math.min(Math.floor(most / 2), Math.floor(times.length / 2)))
  const bounds = Uint32Array.from({ length: ranges + 1 }, (_, i) => Math.round((i * times.length) / ranges))
  const thinned = new Float64Array(2 * ranges)
  for (let range = 0; range < ranges; range++) {
    const [from, to] = [bounds[range] as number, bounds[range + 1] as number]
    thinned[2 * range] = times[from] as number
    thinned[2 * range + 1] = times[from + ((to - from) >> 1)] as number
  }
  return { times: thinned, bounds }
}

/** @returns least and highest of each range, in the order in which they were measured; all values where nothing is thinned */
export function thinValues(values: Float64Array, { bounds }: Thinning): Float64Array {
  if (bounds == null) return values
  const ranges = bounds.length - 1
  const thinned = new Float64Array(2 * ranges)
  for (let range = 0; range < ranges; range++) {
    let [least, highest, leastAt, highestAt] = [Number.NaN, Number.NaN, 0, 0]
    for (let at = bounds[range] as number; at < (bounds[range + 1] as number); at++) {
      const value = values[at] as number
      if (Number.isNaN(value)) continue
      if (!(value >= least)) [least, leastAt] = [value, at]
      if (!(value <= highest)) [highest, highestAt] = [value, at]
    }
    thinned[2 * range] = leastAt <= highestAt ? least : highest
    thinned[2 * range + 1] = leastAt <= highestAt ? highest : least
  }
  return thinned
}

/**
 * @param counts points of each series
 * @returns the most points of a series with which all of them together have no more than `total`, as they are where they have less
 */
export function fairShare(counts: number[], total: number): number {
  const sorted = counts.toSorted((a, b) => a - b)
  let left = total
  for (const [at, count] of sorted.entries()) {
    const share = left / (sorted.length - at)
    if (count > share) return Math.floor(share)
    left -= count
  }
  return Number.POSITIVE_INFINITY
}
