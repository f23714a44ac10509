/**
 * Numbers that a workload says of itself: a line `#BAK:METRIC name=1.5 unit` on stdout, or a `sample` in `metrics.ndjson`. A result has
 * one entry for each name: the mean of its values.
 */
import * as v from 'valibot'
import { count, list, name, text } from './fields.ts'

/** Names in the result of one workload. */
export const MAX_METRICS = 64

export const metricUnit = v.pipe(
  v.string(),
  v.maxLength(32),
  v.regex(/^[^\s\p{Cc}]+( [^\s\p{Cc}]+)*$/u, 'a unit has letters, no tabs and no other control characters')
)
export const metricValue = v.pipe(v.number(), v.finite())

export const metric = v.object({
  name,
  /** The mean of its values. */
  value: metricValue,
  unit: v.optional(metricUnit),
  /** Values that it is the mean of. */
  samples: count
})
export type Metric = v.InferOutput<typeof metric>
export const metrics = list(metric, MAX_METRICS)

/** What a workload says that it does now: the last `#BAK:PHASE x`, and the last `#BAK:PROGRESS 42` of that phase. */
export const stated = {
  phase: v.optional(text),
  /** 0 to 100. */
  progress: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100)))
}
export type Stated = v.InferOutput<v.ObjectSchema<typeof stated, undefined>>

/** `warm-up, 42 %` */
export const describeStated = ({ phase, progress }: Stated): string =>
  [phase, progress == null ? undefined : `${progress} %`].filter(each => each != null).join(', ')
