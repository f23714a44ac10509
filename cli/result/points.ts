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
  const sums = new Map<number, { sum: number; count: number }>()
  for (const { t, v } of all) {
    for (let i = 0; i < t.length; i++) {
      const at = sums.get(t[i] as number)
      if (at == null) sums.set(t[i] as number, { sum: v[i] as number, count: 1 })
      else {
        at.sum += v[i] as number
        at.count++
      }
    }
  }
  const t = Float64Array.from(sums.keys()).sort()
  return {
    t,
    v: t.map(each => {
      const { sum, count } = sums.get(each) as { sum: number; count: number }
      return of(sum, count)
    })
  }
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
