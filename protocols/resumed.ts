/**
 * A run may go on where another was cut short: it is a run of its own, which takes the samples that the other lacks, under their names and
 * numbers. Its record names the other and what was taken before; the other is sealed, and stays as it is.
 */
import * as v from 'valibot'
import { count, digest, list, runId } from './fields.ts'
import { MAX_RUN_SAMPLES } from './matrix/sampling.ts'
import { metricValue } from './metric.ts'
import { step } from './phase.ts'
import { limit } from './tasks/search-outcome.ts'
import { MAX_THRESHOLDS } from './thresholds/threshold.ts'

export const resumed = v.object({
  run: runId,
  /** SHA-256 of its `run.json`. */
  record: digest,
  /** Samples that it has, and those that it was resumed from. */
  taken: list(
    v.object({
      step,
      failed: v.boolean(),
      /** Of the metric of `max_stddev`. */
      value: v.optional(metricValue),
      /** Of a search: what its thresholds judge. */
      limits: v.optional(list(limit, MAX_THRESHOLDS))
    }),
    MAX_RUN_SAMPLES
  ),
  /** How many of them are of runs before that one. */
  before: count
})
export type Resumed = v.InferOutput<typeof resumed>
