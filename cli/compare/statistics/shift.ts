/**
 * How far group b lies above group a: the median of all differences between a value of b and one of a (Hodges and Lehmann), and the interval
 * of 95 % around it, which holds whatever the distribution is. Pure.
 */
import { isCountable, sumCounts } from './rank-sums.ts'

/** From .. to, both included. */
export type Interval = [from: number, to: number]

export interface Shift {
  shift: number
  /** Left out where there are too few values for 95 %. */
  interval?: Interval
}

/** Outside of the interval on each side. */
const TAIL = 0.025
/** Of the normal distribution, of TAIL. */
const Z = 1.959964

/** @param a not empty @param b not empty */
export function shiftOf(a: readonly number[], b: readonly number[]): Shift {
  const [low, high] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()]
  const pairs = low.length * high.length
  const at = (k: number) => differenceAt(low, high, k)
  const middle = Math.floor((pairs + 1) / 2)
  const shift = pairs % 2 === 1 ? at(middle) : (at(middle) + at(middle + 1)) / 2
  const outside = outsideOf(low.length, high.length)
  return outside == null ? { shift } : { shift, interval: [at(outside + 1), at(pairs - outside)] }
}

/** @returns how many of the differences are below the interval, and as many above it; undefined where each end would be beyond all of them */
function outsideOf(n: number, m: number): number | undefined {
  if (!isCountable(n, m)) {
    const deviation = Math.sqrt((n * m * (n + m + 1)) / 12)
    const outside = Math.floor((n * m) / 2 - Z * deviation - 0.5)
    return outside < 0 ? undefined : outside
  }
  const ranks = Array.from({ length: n + m }, (_, i) => i + 1)
  const counts = sumCounts(ranks, n)
  const all = counts.reduce((sum, count) => sum + count, 0)
  const least = (n * (n + 1)) / 2
  let below = 0
  for (let u = 0; ; u++) {
    below += counts[least + u] as number
    if (below > TAIL * all) return u === 0 ? undefined : u - 1
  }
}

/**
 * The k-th of all differences in their order, without making them: by bisection to neighbouring numbers, for each of which they are counted.
 * @param a sorted @param b sorted @param k from 1
 */
function differenceAt(a: Float64Array, b: Float64Array, k: number): number {
  // the difference of two numbers may be beyond all numbers, where there is no middle
  let low = Math.max(-Number.MAX_VALUE, (b[0] as number) - (a.at(-1) as number))
  let high = Math.min(Number.MAX_VALUE, (b.at(-1) as number) - (a[0] as number))
  if (countUpTo(a, b, low) >= k) return low
  for (;;) {
    const middle = low / 2 + high / 2
    if (middle <= low || middle >= high) return high
    if (countUpTo(a, b, middle) >= k) high = middle
    else low = middle
  }
}

/** How many of the differences are not above a value. */
function countUpTo(a: Float64Array, b: Float64Array, value: number): number {
  let count = 0
  let of = 0
  // the larger the value of a, the more of b lie below
  for (const each of a) {
    while (of < b.length && (b[of] as number) - each <= value) of++
    count += of
  }
  return count
}
