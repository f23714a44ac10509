/** What a run came to for each of its iterations, where its spec says when samples are repeated: in the record and on the last lines. */
import * as v from 'valibot'
import { count, iterationName, list, name } from '../fields.ts'
import { listInWords } from '../list-in-words.ts'
import { metricValueOf } from '../metric-samples.ts'
import type { Spec } from '../spec.ts'
import { limitsOf } from '../tasks/search-outcome.ts'
import { failuresIn, hasFailed, type WorkEntry } from '../work-entry.ts'
import type { TakenSample } from './due-samples.ts'
import { IterationState, type Outcome } from './iteration-state.ts'

export const iterationSummary = v.object({
  number: count,
  name: iterationName,
  /** Without warm-ups. */
  samples: count,
  failed: count,
  /** Of the metric of `max_stddev`. */
  deviation: v.optional(
    v.object({
      metric: name,
      /** Samples that stated it. */
      values: count,
      /** Standard deviation in percent of the mean; left out for fewer than two values. */
      percent: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))),
      met: v.boolean()
    })
  )
})
export type IterationSummary = v.InferOutput<typeof iterationSummary>
export const iterationSummaries = v.optional(list(iterationSummary, 1000))

type Judging = Pick<Spec, 'policy' | 'workload' | 'max_stddev' | 'search' | 'threshold' | 'task'>

/** @param results of one sample; @returns what it came to */
export function outcomeOf(results: WorkEntry[], spec: Judging): Outcome {
  const metric = spec.max_stddev?.metric
  const failed = failuresIn(results, spec).length > 0
  const good = results.filter(each => !hasFailed(each))
  const value = metric == null ? undefined : metricValueOf(good, metric)
  const limits = spec.search == null || failed ? undefined : limitsOf(good, spec)
  return { failed, ...(value == null ? {} : { value }), ...(limits == null ? {} : { limits }) }
}

/**
 * @param taken samples of earlier runs
 * @returns an entry for each iteration that was begun; nothing for a spec that repeats nothing
 */
export function summarize(
  spec: Spec,
  workload: WorkEntry[],
  taken: TakenSample[] = []
): IterationSummary[] | undefined {
  const { max_stddev, max_sample_failures } = spec
  if (max_stddev == null && max_sample_failures == null) return undefined
  const states = statesOf(spec, workload, taken)
  return spec.iterations.flatMap(({ name: called }, i) => {
    const state = states.get(i + 1)
    if (state == null) return []
    const { samples, failed, values, deviation: percent, isClose: met } = state
    const deviation =
      max_stddev == null
        ? {}
        : { deviation: { metric: max_stddev.metric, values, ...(percent == null ? {} : { percent }), met } }
    return [{ number: i + 1, name: called, samples, failed, ...deviation }]
  })
}

/** By the numbers of the iterations. */
export function statesOf(spec: Spec, workload: WorkEntry[], taken: TakenSample[]): Map<number, IterationState> {
  const counted = workload.filter(({ step }) => step.warmup == null)
  const bySample = Map.groupBy(counted, ({ step }) => `${step.number}/${step.sample}`)
  const outcomes = [...bySample.values()].map(results => ({
    step: (results[0] as WorkEntry).step,
    ...outcomeOf(results, spec)
  }))
  const states = new Map<number, IterationState>()
  for (const { step, ...outcome } of [...taken, ...outcomes]) {
    const state = states.get(step.number) ?? new IterationState(spec)
    states.set(step.number, state)
    state.note(outcome)
  }
  return states
}

/** @returns for the last lines of a run: samples that were repeated, and iterations whose metric came close enough */
export function describeIterations(summaries: IterationSummary[], maxNamed: number): string[] {
  const folder = ({ number, name: called }: IterationSummary) => `${number}-${called}`
  const failed = summaries.filter(each => each.failed > 0).map(each => `${each.failed} of ${folder(each)}`)
  const close = summaries.flatMap(each =>
    each.deviation?.met ? [`${folder(each)} ${showPercent(each.deviation.percent)} (${each.samples} samples)`] : []
  )
  const metric = summaries[0]?.deviation?.metric
  return [
    ...(failed.length === 0 ? [] : [`failed samples: ${listInWords(failed, maxNamed)}`]),
    ...(close.length === 0 ? [] : [`deviation of ${metric}: ${listInWords(close, maxNamed)}`])
  ]
}

/** `2.1 %` */
export const showPercent = (percent = 0): string =>
  `${percent < 1e6 ? Number(percent.toPrecision(2)) : percent.toExponential(1)} %`
