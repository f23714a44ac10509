/** The keys of a run file that say how often each iteration is measured, and in which order. */
import * as v from 'valibot'
import { count, name } from '../fields.ts'
import type { Search } from '../tasks/task.ts'
import type { Threshold } from '../thresholds/threshold.ts'

/**
 * Samples of one run, of all iterations together, with warm-ups and repeats: with the certificates of their phases, which are 100,000 at
 * most where a run is described to another peer.
 */
export const MAX_RUN_SAMPLES = 15_000

/** In which order the samples of several iterations are taken. */
export const ORDERS = ['sample', 'iteration', 'interleave', 'random'] as const
export type Order = (typeof ORDERS)[number]

const samples = v.pipe(count, v.minValue(1), v.maxValue(10_000))

/** An iteration is repeated until the values of a metric are close enough to each other. */
export const maxStddev = v.strictObject({
  metric: name,
  /** Standard deviation of its values, in percent of their mean. */
  percent: v.pipe(v.number(), v.finite(), v.gtValue(0, 'expected a number above 0')),
  /** Counted samples after which no more are taken, though the values still differ. */
  samples: v.optional(v.pipe(samples, v.minValue(2, 'one sample has no deviation: expected 2 or more')), 10)
})
export type MaxStddev = v.InferOutput<typeof maxStddev>

export const sampling = {
  /** How many times each iteration is repeated. */
  samples: v.optional(samples, 1),
  /**
   * `sample`: all samples of an iteration in a row; `iteration`: one sample of each iteration, then the next; `interleave`: the same, and
   * every second round backwards, so that what changes evenly with time is in all iterations alike; `random`: mixed.
   */
  order: v.optional(v.picklist(ORDERS), 'sample'),
  /** Of the order `random`: the same seed gives the same order. Where it is left out, the controller chooses one. */
  seed: v.optional(v.pipe(count, v.maxValue(2 ** 32 - 1))),
  /** Samples before the first of each iteration that count for nothing. */
  warmup: v.optional(v.pipe(count, v.maxValue(1_000)), 0),
  /**
   * How many samples of an iteration may fail: each is repeated, with a number of its own, and one more ends the run. Where it is left
   * out, none is repeated, all are taken, and the run has failed.
   */
  max_sample_failures: v.optional(v.pipe(count, v.maxValue(10_000))),
  max_stddev: v.optional(maxStddev)
} as const

/** What of a spec says which samples it has. */
export type Sampling = v.InferOutput<v.ObjectSchema<typeof sampling, undefined>> & {
  iterations: Array<{ name: string }>
  /** It decides with the thresholds which samples are taken. */
  search?: Search | undefined
  threshold?: Threshold[] | undefined
}

/** @returns the highest number that a counted sample of an iteration can have */
export const mostSamples = ({
  samples,
  max_stddev,
  max_sample_failures = 0,
  search
}: Pick<Sampling, 'samples' | 'max_stddev' | 'max_sample_failures' | 'search'>) =>
  Math.max(samples, max_stddev?.samples ?? 0, search?.confirm ?? 0) + max_sample_failures

/** @returns how many samples a run can have at most */
export const mostRunSamples = (spec: Omit<Sampling, 'order' | 'seed'>) =>
  spec.iterations.length * (spec.warmup + mostSamples(spec))

/** @returns whether a run can have such a sample */
export function hasSample(
  spec: Sampling,
  { number, name: called, sample, warmup }: { number: number; name: string; sample: number; warmup?: boolean }
): boolean {
  if (spec.iterations[number - 1]?.name !== called) return false
  return sample >= 1 && sample <= (warmup ? spec.warmup : mostSamples(spec))
}

/** @returns what of these keys does not go together, by key */
export function misfits(
  spec: Omit<Sampling, 'order' | 'seed'>
): { key: 'samples' | 'max_stddev'; what: string } | undefined {
  const { samples, max_stddev } = spec
  if (max_stddev != null && max_stddev.samples < samples)
    return {
      key: 'max_stddev',
      what: `samples is ${samples}, and max_stddev ends after ${max_stddev.samples}: raise its samples`
    }
  const most = mostRunSamples(spec)
  if (most > MAX_RUN_SAMPLES)
    return { key: 'samples', what: `the run could have ${most} samples, and ${MAX_RUN_SAMPLES} are the most` }
  return undefined
}
