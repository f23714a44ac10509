/** How many samples of each group would be needed to tell whether they differ. Pure. */
import { probit } from 'simple-statistics'
import { drawsOf } from './rank-sums.ts'

/** Probability of a difference by chance that is accepted. */
export const ALPHA = 0.05
/** Probability with which a difference that is there is to be found. */
const POWER = 0.8
/** What the rank test finds of what the test of means would, where values are normal: it needs so many more. */
const EFFICIENCY = 3 / Math.PI
/** With fewer in a group nothing is said. */
export const MIN_SAMPLES = 4
/** From here on the answer is that it is not worth trying. */
export const MAX_NEEDED = 10_000

/** @param tests made together @returns samples of each group with which p can be below ALPHA after Holm's correction */
export function leastSamples(tests = 1): number {
  let samples = MIN_SAMPLES
  while ((2 / drawsOf(samples, samples)) * tests >= ALPHA) samples++
  return samples
}

/**
 * By the usual rule for two groups: as many as find `distance` with a power of 80 %.
 * @param spread standard deviation within the groups; undefined where it is not known
 * @param distance that is to be told from 0
 * @returns at least `leastSamples`, at most MAX_NEEDED
 */
export function neededSamples(spread: number | undefined, distance: number, tests = 1): number {
  const least = leastSamples(tests)
  if (spread == null || spread === 0) return least
  const deviations = probit(1 - ALPHA / (2 * Math.max(1, tests))) + probit(POWER)
  const samples = Math.ceil((2 * (deviations * (spread / distance)) ** 2) / EFFICIENCY)
  return Math.max(least, Math.min(MAX_NEEDED, Number.isNaN(samples) ? MAX_NEEDED : samples))
}
