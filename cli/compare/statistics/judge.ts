/** The verdict on the difference of two groups, at a threshold. Pure. */
import type { Better } from '../../../protocols/metric.ts'
import type { Difference } from './compare-groups.ts'
import { ALPHA, MIN_SAMPLES, neededSamples } from './needed-samples.ts'

/** `higher` and `lower` are of metrics of which nobody said whether more or less is better. */
export type Verdict = 'better' | 'worse' | 'higher' | 'lower' | 'same' | 'cannot tell'

export interface Judgement {
  verdict: Verdict
  /** Of p after Holm's correction. */
  adjusted: number
  /** Samples of each group that would tell; of `cannot tell` only. */
  needed?: number
}

export interface Standard {
  /** A share of the median of the baseline, from which a difference counts: 0.02. */
  threshold: number
  /** p after Holm's correction. */
  adjusted: number
  /** How many tests are made together. */
  tests: number
  better?: Better | undefined
}

/**
 * `better` or `worse`: p is below 0.05, all of the interval is on that side of 0, and the shift reaches the threshold. `same`: all of the
 * interval is within the threshold on both sides. Anything else cannot be told.
 */
export function judge(difference: Difference, { threshold, adjusted, tests, better }: Standard): Judgement {
  const { shift, interval, medians } = difference
  const least = threshold * Math.abs(medians[0])
  if (interval != null && Math.min(...difference.samples) >= MIN_SAMPLES) {
    const [from, to] = interval
    if (adjusted < ALPHA && (from > 0 || to < 0) && Math.abs(shift) >= least)
      return { verdict: inWords(shift > 0, better), adjusted }
    if (from >= -least && to <= least) return { verdict: 'same', adjusted }
  }
  return { verdict: 'cannot tell', adjusted, needed: neededOf(difference, least, tests) }
}

function inWords(isHigher: boolean, better: Better | undefined): Verdict {
  if (better == null) return isHigher ? 'higher' : 'lower'
  return isHigher === (better === 'more') ? 'better' : 'worse'
}

/** To tell a shift that reaches the threshold from none, or one that does not reach it from the threshold; more than there are. */
function neededOf({ shift, spread, samples }: Difference, least: number, tests: number): number {
  const distance = Math.abs(shift) >= least ? Math.abs(shift) : least - Math.abs(shift)
  return Math.max(neededSamples(spread, distance, tests), Math.min(...samples) + 1)
}
