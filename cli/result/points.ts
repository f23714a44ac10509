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

/** With how much each counts in a mean: where it is left out all count alike. */
export interface Weighed extends Points {
  w?: Float64Array
}

/** @returns the points, each with the weight of the same time; one without any counts for nothing */
export function weighed({ t, v }: Points, weights: Points): Weighed {
  let at = 0
  const w = t.map(time => {
    while ((weights.t[at] as number) < time) at++
    return weights.t[at] === time ? (weights.v[at] as number) : 0
  })
  return { t, v, w }
}

/** @returns at most so many points: where there are more, each is made of some that follow each other, as the number of a sample is */
export function fewerPoints({ t, v, w }: Weighed, most: number, number: Resource['number']): Weighed {
  if (t.length <= most) return { t, v, ...(w && { w }) }
  const each = Math.ceil(t.length / most)
  const length = Math.ceil(t.length / each)
  const some = (all: Float64Array, i: number) => all.subarray(i * each, (i + 1) * each)
  const made = (of: (i: number) => number) => Float64Array.from({ length }, (_, i) => of(i))
  return {
    t: made(i => t[i * each] as number),
    v: made(i => numberOf({ number }, some(v, i), w && some(w, i))),
    ...(w && { w: made(i => some(w, i).reduce((sum, weight) => sum + weight, 0)) })
  }
}

/** @returns the points from `from` to `to`, both included */
export function cutTo({ t, v, w }: Weighed, { from, to }: { from: number; to: number }): Weighed {
  const begin = t.findIndex(each => each >= from)
  const [first, end] = begin === -1 ? [0, 0] : [begin, t.findLastIndex(each => each <= to) + 1]
  return { t: t.slice(first, end), v: v.slice(first, end), ...(w && { w: w.slice(first, end) }) }
}

/** @param values at least one @param weights of the mean; where all are 0 all count alike @returns the number of a sample */
export function numberOf({ number }: Pick<Resource, 'number'>, values: Float64Array, weights?: Float64Array): number {
  const all = weights?.reduce((sum, each) => sum + each, 0) ?? 0
  if (number === 'mean' && weights != null && all > 0)
    return values.reduce((sum, each, i) => sum + each * ((weights[i] as number) / all), 0)
  if (number === 'mean') return values.reduce((sum, each) => sum + each / values.length, 0)
  return values.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY)
}
