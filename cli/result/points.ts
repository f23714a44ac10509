/** Series of numbers by time: added up, cut, and as one number. Pure. */
import type { Points } from '../../protocols/series/read-series.ts'
import type { Resource } from './resources.ts'

/**
 * Adds up series of one tool, which takes the values of all of them at one time; a series that came later is added from then on.
 * @param of makes a value of the sum at one time and the number of series that it is of
 */
export function addUp(all: Points[], of: (sum: number, count: number) => number): Points {
  const [first, ...others] = all
  if (first == null) return { t: new Float64Array(), v: new Float64Array() }
  if (others.length === 0) return { t: first.t, v: first.v.map(each => of(each, 1)) }
  // in typed arrays: a member may have millions of points of which no two are of the same time
  const t = timesOf(all)
  const sums = new Float64Array(t.length)
  const counts = new Uint32Array(t.length)
  for (const { t: times, v } of all) {
    let at = 0
    for (let i = 0; i < times.length; i++) {
      while ((t[at] as number) < (times[i] as number)) at++
      sums[at] = (sums[at] as number) + (v[i] as number)
      counts[at] = (counts[at] as number) + 1
    }
  }
  return { t, v: sums.map((sum, at) => of(sum, counts[at] as number)) }
}

/** @returns the times of all, ascending, each once */
function timesOf(all: Points[]): Float64Array {
  const sorted = new Float64Array(all.reduce((sum, { t }) => sum + t.length, 0))
  let length = 0
  for (const { t } of all) {
    sorted.set(t, length)
    length += t.length
  }
  sorted.sort()
  let kept = 0
  for (const [i, each] of sorted.entries()) if (i === 0 || each !== sorted[kept - 1]) sorted[kept++] = each
  return sorted.slice(0, kept)
}

/** @returns at most so many points: where there are more, each is made of some that follow each other, as the number of a sample is */
export function fewerPoints({ t, v }: Points, most: number, how: Resource['number']): Points {
  if (t.length <= most) return { t, v }
  const each = Math.ceil(t.length / most)
  const length = Math.ceil(t.length / each)
  const fewer = { t: new Float64Array(length), v: new Float64Array(length) }
  for (let i = 0; i < length; i++) {
    fewer.t[i] = t[i * each] as number
    fewer.v[i] = numberOf({ number: how }, v.subarray(i * each, (i + 1) * each))
  }
  return fewer
}

/** @returns the points from `from` to `to`, both included */
export function cutTo({ t, v }: Points, { from, to }: { from: number; to: number }): Points {
  const begin = t.findIndex(each => each >= from)
  if (begin === -1) return { t: t.slice(0, 0), v: v.slice(0, 0) }
  const end = t.findLastIndex(each => each <= to) + 1
  return { t: t.slice(begin, end), v: v.slice(begin, end) }
}

/** @param values at least one @returns the number of a sample */
export function numberOf({ number }: Pick<Resource, 'number'>, values: Float64Array): number {
  if (number === 'mean') return values.reduce((sum, each) => sum + each / values.length, 0)
  return values.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY)
}
