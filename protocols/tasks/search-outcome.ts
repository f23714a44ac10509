/**
 * What the thresholds of a search say of a value: by what its tasks and servers measured alone, which is signed, so that everybody decides it
 * alike. Pure.
 */
import * as v from 'valibot'
import { count } from '../fields.ts'
import { globOf } from '../glob.ts'
import { metricValue } from '../metric.ts'
import { metricValueOf } from '../metric-samples.ts'
import { medianOf } from '../quantiles.ts'
import type { Spec } from '../spec.ts'
import { isOfTools, type Threshold } from '../thresholds/threshold.ts'
import type { WorkEntry } from '../work-entry.ts'
import type { Tried } from './search-steps.ts'
import { nameOf } from './task-parameters.ts'

/** Of one good sample: what one threshold has to judge; without a value where a task could not show it. */
export const limit = v.object({ threshold: count, value: v.optional(metricValue) })
export type Limit = v.InferOutput<typeof limit>

/** @param results of one good sample */
export function limitsOf(results: WorkEntry[], spec: Pick<Spec, 'threshold' | 'task'>): Limit[] {
  const iteration = results[0]?.step.name
  const names = spec.task.map(nameOf)
  return (spec.threshold ?? []).flatMap((each, threshold) => {
    if (isOfTools(each) || (iteration != null && !isAbout(each, iteration))) return []
    const value = valueIn(results, each)
    // what no workload states is of tools, but for what is called after a task
    if (value == null && !names.some(name => each.metric.startsWith(`${name}.`))) return []
    return [{ threshold, ...(value == null ? {} : { value }) }]
  })
}

const isAbout = ({ iteration }: Threshold, name: string) => iteration == null || globOf(iteration)(name)

/** In the unit of the threshold, where it has one. */
function valueIn(results: WorkEntry[], { metric, unit }: Threshold): number | undefined {
  const stated = results.flatMap(each => each.metrics ?? []).filter(each => each.name === metric)
  return unit == null || stated.some(each => each.unit === unit) ? metricValueOf(results, metric) : undefined
}

/**
 * @param samples all of a value; those that failed have no limits
 * @returns whether its thresholds, judged as they are to be, are missed; a value of which half of the samples failed does not hold
 */
export function triedOf(
  { threshold = [] }: { threshold?: Threshold[] | undefined },
  samples: ReadonlyArray<{ failed: boolean; limits?: Limit[] | undefined }>
): Tried {
  const good = samples.filter(({ failed }) => !failed).map(({ limits = [] }) => limits)
  const over = samples.length - good.filter(each => !isMissed(threshold, [each])).length
  const breaks = 2 * (samples.length - good.length) >= samples.length || isMissed(threshold, good)
  return { samples: samples.length, over, breaks: samples.length > 0 && breaks }
}

function isMissed(thresholds: Threshold[], samples: Limit[][]): boolean {
  return thresholds.some(({ judge, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }, i) => {
    const stated = samples.flatMap(limits => limits.filter(({ threshold }) => threshold === i))
    const values = stated.flatMap(({ value }) => value ?? [])
    if (values.length < stated.length) return true
    if (values.length === 0) return false
    return (judge === 'each' ? values : [medianOf(values)]).some(value => value < min || value > max)
  })
}
