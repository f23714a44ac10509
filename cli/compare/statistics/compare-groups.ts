/** Compares two groups of samples of one metric, a the baseline: all that is known of them but the verdict, for which all metrics count. Pure. */
import { sampleVariance } from 'simple-statistics'
import { medianOf } from '../../../protocols/quantiles.ts'
import { mannWhitney } from './mann-whitney.ts'
import { type Interval, shiftOf } from './shift.ts'

export interface Difference {
  /** Values of each group. */
  samples: [number, number]
  medians: [number, number]
  /** Of b against a, in the unit of the metric. */
  shift: number
  /** Of 95 %; left out where there are too few values. */
  interval?: Interval
  /** Two-sided. */
  p: number
  /** Whether p was counted, and not approximated. */
  exact: boolean
  /** Cliff's delta: how often b is above a, less how often it is below; -1 to 1. */
  delta: number
  /** Standard deviation within the groups; left out where no group has two values. */
  spread?: number
}

/** @param a not empty @param b not empty */
export function compareGroups(a: readonly number[], b: readonly number[]): Difference {
  const { u, p, exact } = mannWhitney(a, b)
  const spread = spreadWithin(a, b)
  const medians: Difference['medians'] = [medianOf(a), medianOf(b)]
  const { shift, interval: [from, to] = [] } = shiftOf(a, b)
  // what is never negative cannot fall by more than all of it
  const least = [...a, ...b].every(value => value >= 0) ? -medians[0] : Number.NEGATIVE_INFINITY
  return {
    samples: [a.length, b.length],
    ...{ medians, shift },
    ...(from == null || to == null ? {} : { interval: [Math.max(from, least), to] as Interval }),
    ...{ p, exact, delta: 1 - (2 * u) / (a.length * b.length) },
    ...(spread == null ? {} : { spread })
  }
}

function spreadWithin(...groups: Array<readonly number[]>): number | undefined {
  const known = groups.filter(({ length }) => length >= 2)
  const degrees = known.reduce((sum, { length }) => sum + length - 1, 0)
  if (degrees === 0) return undefined
  const squares = known.reduce((sum, values) => sum + sampleVariance([...values]) * (values.length - 1), 0)
  return Math.sqrt(squares / degrees)
}
