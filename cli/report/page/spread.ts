/** Many members as one picture: at each time the least, the quartiles, the median and the greatest of their values. */
import { firstAt, type Points } from './reduce.ts'

export interface Spread {
  /** Middles of equal ranges of time, s. */
  t: Float64Array
  /** Of the values of the members at that time; NaN where nobody has one. */
  least: Float32Array
  lower: Float32Array
  median: Float32Array
  upper: Float32Array
  greatest: Float32Array
}

/** @returns the spread of the members' means in each of `bins` ranges of time */
export function spreadOf(members: Points[], from: number, to: number, bins: number): Spread {
  const columns = members.map(points => meansOf(points, from, to, bins))
  const empty = () => new Float32Array(bins).fill(Number.NaN)
  const spread = { least: empty(), lower: empty(), median: empty(), upper: empty(), greatest: empty() }
  const t = Float64Array.from({ length: bins }, (_, bin) => from + ((bin + 0.5) * (to - from)) / bins)
  for (let bin = 0; bin < bins; bin++) {
    const values = columns.map(means => means[bin] as number).filter(value => !Number.isNaN(value))
    if (values.length === 0) continue
    values.sort((a, b) => a - b)
    spread.least[bin] = values[0] as number
    spread.lower[bin] = quantile(values, 0.25)
    spread.median[bin] = quantile(values, 0.5)
    spread.upper[bin] = quantile(values, 0.75)
    spread.greatest[bin] = values.at(-1) as number
  }
  return { t, ...spread }
}

/** @param sorted ascending, and not empty */
export function quantile(sorted: number[], share: number): number {
  const at = (sorted.length - 1) * share
  const below = Math.floor(at)
  const [low, high] = [sorted[below] as number, sorted[Math.min(below + 1, sorted.length - 1)] as number]
  return low + (high - low) * (at - below)
}

/** A range without a point of its own has the value between its neighbours, unless those are a gap. */
export function meansOf({ t, v }: Points, from: number, to: number, bins: number): Float32Array {
  const means = new Float32Array(bins).fill(Number.NaN)
  const width = (to - from) / bins
  for (let bin = 0; bin < bins; bin++) {
    const begin = firstAt(t, from + bin * width)
    let [sum, count, index] = [0, 0, begin]
    for (; index < t.length && (t[index] as number) < from + (bin + 1) * width; index++) {
      const value = v[index] as number
      if (Number.isNaN(value)) continue
      sum += value
      count++
    }
    if (count > 0) means[bin] = sum / count
    else if (index === begin && begin > 0 && begin < t.length)
      means[bin] = between(t, v, begin, from + (bin + 0.5) * width)
  }
  return means
}

function between(t: Float64Array, v: Float32Array, after: number, at: number): number {
  const [t0, t1] = [t[after - 1] as number, t[after] as number]
  const [v0, v1] = [v[after - 1] as number, v[after] as number]
  return v0 + ((v1 - v0) * (at - t0)) / (t1 - t0)
}
