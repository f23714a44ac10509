/**
 * Thresholds of a run: `[[threshold]]` in a run file says what a metric has to come to, of the workload or of tools, and the record what it
 * came to. One that is missed, or could not be decided, is the verdict of a run that is ok otherwise.
 */
import * as v from 'valibot'
import { count, iterationName, labels, list, name, text } from '../fields.ts'
import { metricUnit, metricValue } from '../metric.ts'
import { seconds } from '../spec-fields.ts'

export const MAX_THRESHOLDS = 64
/** Of a record: each threshold is decided for each iteration. */
export const MAX_DECISIONS = 10_000

type Saying = Partial<Record<'tool' | 'member' | 'labels' | 'statistic', unknown>>
const saysTools = ({ tool, member, labels, statistic }: Saying): boolean =>
  tool != null || member != null || labels != null || statistic != null

const pattern = v.pipe(v.string(), v.minLength(1), v.maxLength(128))

export const threshold = v.pipe(
  v.strictObject({
    /** Of workloads where they state one of this name; else of tools. Where both have it, it is not decided. */
    metric: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
    min: v.optional(metricValue),
    max: v.optional(metricValue),
    /** In which the bounds are: values in another one are not compared. */
    unit: v.optional(metricUnit),
    /** Those whose name fits, with stars; all where it is left out. */
    iteration: v.optional(pattern),
    /** What is held against the bounds: the median of the samples of an iteration, or each of them. */
    judge: v.optional(v.picklist(['median', 'each']), 'median'),
    /** Whose it is, where workloads and tools have one of this name. */
    of: v.optional(v.picklist(['workloads', 'tools'])),
    /** End the run once no further sample can mend it. */
    stop: v.optional(v.boolean(), false),
    /** Of a metric of a task, with `stop`: seconds of normal samples after which it is judged once a second, and not only at the end. */
    after: v.optional(seconds),
    /** Each of the following makes it one of tools. Which tool measured it; any where it is left out. */
    tool: v.optional(name),
    /** Members whose name fits, with stars. */
    member: v.optional(pattern),
    /** Series with these labels; where it is left out, `all` of what has such a series. */
    labels: v.optional(labels),
    /** What a series of a sample comes to: its mean where it is left out. */
    statistic: v.optional(v.picklist(['mean', 'min', 'max', 'last']))
  }),
  v.check(({ min, max }) => min != null || max != null, 'a threshold has min, max or both'),
  v.check(({ min, max }) => min == null || max == null || min <= max, 'min is more than max'),
  v.check(({ after, stop }) => after == null || stop, 'after is for a threshold with stop = true'),
  v.check(
    given => given.of !== 'workloads' || !saysTools(given),
    'a metric of workloads has no tool, member, labels or statistic'
  )
)
export type Threshold = v.InferOutput<typeof threshold>

/** Seconds of normal samples after which a task is judged while it goes on. */
export const DEFAULT_AFTER = 10
export const thresholds = list(threshold, MAX_THRESHOLDS)

/** What one threshold came to in one iteration. */
export const decision = v.object({
  /** From 0, in the order of the spec. */
  threshold: count,
  metric: text,
  iteration: v.object({ number: count, name: iterationName }),
  outcome: v.picklist(['met', 'missed', 'undecided']),
  /** The one furthest out of the bounds, or nearest to them. */
  value: v.optional(metricValue),
  unit: v.optional(v.pipe(v.string(), v.maxLength(32))),
  /** Where the value was measured, of several places: `proc on b, device=sda`. */
  where: v.optional(text),
  /** The sample of the value, where each is judged. */
  sample: v.optional(count),
  /** Values that the median is of, or from which it is the worst. */
  samples: count,
  /** Why it is not decided. */
  reason: v.optional(text)
})
export type Decision = v.InferOutput<typeof decision>
export const decisions = v.optional(list(decision, MAX_DECISIONS))

/** Whether it can only be of tools. */
export const isOfTools = (threshold: Threshold): boolean => threshold.of === 'tools' || saysTools(threshold)

/** `min 10000`, `max 5 ms`, `5 to 10 ms` */
export function describeBounds({ min, max, unit }: Pick<Threshold, 'min' | 'max' | 'unit'>): string {
  const bounds = min == null ? `max ${max}` : max == null ? `min ${min}` : `${min} to ${max}`
  return unit == null ? bounds : `${bounds} ${unit}`
}

/** @returns a sentence: `fio.read.iops of 1-default is 9012 /s, min 10000 (median of 3 samples)` */
export function describeDecision(made: Decision, { min, max, judge }: Threshold): string {
  const { metric, iteration, outcome, value, unit, where, sample, samples, reason } = made
  const what = `${metric} of ${iteration.number}-${iteration.name}`
  if (outcome === 'undecided') return `${what}: not decided, ${reason ?? 'nothing was measured'}`
  const number = shortest(value ?? 0, { min, max }, outcome === 'missed')
  const of = judge === 'each' ? `sample ${sample}` : `median of ${samples} ${samples === 1 ? 'sample' : 'samples'}`
  const place = where == null ? '' : `, ${where}`
  return `${what} is ${unit == null ? number : `${number} ${unit}`}, ${describeBounds({ min, max })} (${of}${place})`
}

/** @returns six digits, or all where six would look as if the bounds were kept */
function shortest(value: number, { min, max }: Pick<Threshold, 'min' | 'max'>, isMissed: boolean): string {
  const short = Number(value.toPrecision(6))
  const isWithin = short >= (min ?? Number.NEGATIVE_INFINITY) && short <= (max ?? Number.POSITIVE_INFINITY)
  return String(isMissed && isWithin ? value : short)
}
