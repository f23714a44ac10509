/**
 * Numbers that a workload says of itself: a line `#BAK:METRIC name=1.5 unit` on stdout, or a `sample` in `metrics.ndjson`; and those that a
 * reader finds in what a benchmark printed. A result has one entry for each name: the mean of its values.
 */
import * as v from 'valibot'
import { count, list, name, text } from './fields.ts'

/** Names in the result of one workload; of many instances an answer may have room for fewer (answer-metrics.ts). */
export const MAX_METRICS = 128

/** Which of two values is the better one; a metric without it decides nothing. */
export const better = v.picklist(['more', 'less'])
export type Better = v.InferOutput<typeof better>
/**
 * How the values of several instances and members become the one value of a sample: throughputs are summed, means are averaged, and of
 * percentiles and maxima the largest is taken, since percentiles have no mean.
 */
export const across = v.picklist(['sum', 'mean', 'max'])
export type Across = v.InferOutput<typeof across>

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
  better: v.optional(better),
  /** `mean` where it is left out. */
  across: v.optional(across),
  /** One of the few that say how the workload did: these come first, and these alone are compared unless others are asked for. */
  main: v.optional(v.literal(true)),
  /** Values that it is the mean of. */
  samples: count
})
export type Metric = v.InferOutput<typeof metric>
export const metrics = list(metric, MAX_METRICS)

/**
 * @param words behind the value: a unit, and behind it `more` or `less`, and `sum`, `mean` or `max`, each at most once
 * @returns what they say; the unit is not checked
 */
export function readMeaning(words: string[]): Pick<Metric, 'unit' | 'better' | 'across'> {
  const left = [...words]
  let said: Pick<Metric, 'unit' | 'better' | 'across'> = {}
  for (let last = left.at(-1); last != null; last = left.at(-1)) {
    if (v.is(better, last) && said.better == null) said = { better: last, ...said }
    else if (v.is(across, last) && said.across == null) said = { across: last, ...said }
    else break
    left.pop()
  }
  return { ...(left.length === 0 ? {} : { unit: left.join(' ') }), ...said }
}

/** @param values at least one @returns the value of a sample; as finite as its values are */
export function combine(values: readonly number[], how: Across = 'mean'): number {
  if (how === 'max') return values.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY)
  if (how === 'mean') return values.reduce((mean, each) => mean + each / values.length, 0)
  const sum = values.reduce((total, each) => total + each, 0)
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, sum))
}

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
