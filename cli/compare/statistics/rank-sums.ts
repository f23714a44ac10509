/**
 * How often each sum of ranks comes up when some of all values are drawn: the exact distribution behind the test of Mann and Whitney and
 * behind the interval of Hodges and Lehmann. Pure.
 */

/** As many ways to draw as 12 of 24 have; with more the normal approximation is as good, and takes no time. */
const MAX_DRAWS = 2_704_156
/** Values of both groups together: the work grows with their square. */
const MAX_VALUES = 200

/** @returns whether two groups of these sizes are few enough to count all ways */
export const isCountable = (n: number, m: number): boolean => n + m <= MAX_VALUES && drawsOf(n, m) <= MAX_DRAWS

/** @returns in how many ways n of n + m can be drawn; infinite where that is no number */
export function drawsOf(n: number, m: number): number {
  let draws = 1
  for (let i = 1; i <= Math.min(n, m); i++) draws = (draws * (n + m - i + 1)) / i
  return Math.round(draws)
}

/**
 * Mid-ranks times two, so that ranks of ties are whole numbers, too.
 * @returns the ranks of `values` in their order, and how many values share each
 */
export function doubledRanks(values: readonly number[]): { ranks: number[]; ties: number[] } {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number))
  const ranks = new Array<number>(values.length)
  const ties: number[] = []
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++
    // the mean of the ranks from + 1 .. to
    for (const i of order.slice(from, to)) ranks[i] = from + 1 + to
    ties.push(to - from)
    from = to
  }
  return { ranks, ties }
}

/** @returns at index s: in how many ways `size` of the ranks have the sum s */
export function sumCounts(ranks: readonly number[], size: number): Float64Array {
  const most = ranks.toSorted((a, b) => b - a).slice(0, size)
  const length = most.reduce((sum, rank) => sum + rank, 0) + 1
  const bySize = Array.from({ length: size + 1 }, () => new Float64Array(length))
  const [none] = bySize
  if (none != null) none[0] = 1
  for (const rank of ranks) {
    for (let drawn = size; drawn >= 1; drawn--) {
      const [with1, before] = [bySize[drawn] as Float64Array, bySize[drawn - 1] as Float64Array]
      for (let sum = length - 1; sum >= rank; sum--)
        with1[sum] = (with1[sum] as number) + (before[sum - rank] as number)
    }
  }
  return bySize[size] as Float64Array
}
