/** What a task came to as an entry of the record: metrics as those of workloads, so that thresholds, comparisons and lists know tasks. Pure. */
import * as v from 'valibot'
import { name } from '../fields.ts'
import { type Better, type Metric, metricUnit } from '../metric.ts'
import type { Step } from '../phase.ts'
import { medianOf } from '../quantiles.ts'
import type { WorkEntry } from '../work-entry.ts'
import { type Distribution, type TaskResult, type TaskSeconds, TIMES, type Time } from './tasks-file.ts'

/** In the record; `tasks.json` has all. */
const PERCENTILES = ['50', '90', '99', '99.9']
/** Of latency. */
const MAIN = ['p50', 'p99']
/** In names of metrics. */
const CALLED = { latency: 'latency', service: 'service_time', processing: 'processing_time' } as const

/** What is in the record of a task, each behind its name and a point. */
export const METRICS: string[] = [
  ...['throughput', 'throughput_1s', 'error_rate', 'samples'],
  ...Object.values(CALLED).flatMap(time =>
    ['mean', ...PERCENTILES.map(each => `p${each}`), 'max'].map(each => `${time}.${each}`)
  )
]

export type MeasuredTask = Pick<
  TaskResult,
  'task' | 'unit' | 'samples' | 'failed' | 'seconds' | 'throughput' | 'duration' | 'ended' | Time
>

/**
 * It is of all members together: it has a name and no member. One that was cut short without an error of its own was stopped.
 * @param error of a member that ended it, or why it has failed as a whole
 */
export function taskEntryOf(step: Step, result: MeasuredTask, error?: string): WorkEntry {
  const how = error != null ? { error } : result.ended === 'cut' ? { stopped: true as const } : { exit: 0 }
  const metrics = metricsOf(result)
  return {
    ...{ step, ...how, duration: result.duration * 1000, timedOut: false, name: result.task },
    ...(metrics.length === 0 ? {} : { metrics })
  }
}

/** Names that would be too long are left out. */
export function metricsOf(result: MeasuredTask): Metric[] {
  const { task, unit, samples, failed, throughput } = result
  const perSecond = v.is(metricUnit, `${unit}/s`) ? `${unit}/s` : 'ops/s'
  const bySecond = wholeSeconds(result)
  const metric = (what: string, value: number, its: { unit?: string; better?: Better; main?: true }): Metric => ({
    ...{ name: `${task}.${what}`, value, ...its, samples }
  })
  const measured =
    samples === 0
      ? []
      : [
          metric('throughput', throughput.mean, { unit: perSecond, better: 'more', main: true }),
          ...(bySecond.length === 0
            ? []
            : [metric('throughput_1s', medianOf(bySecond), { unit: perSecond, better: 'more' })]),
          ...TIMES.flatMap(time =>
            Object.entries(valuesOf(result[time])).map(([what, value]) =>
              metric(`${CALLED[time]}.${what}`, value, {
                ...{ unit: 'ms', better: 'less' },
                ...(time === 'latency' && MAIN.includes(what) ? { main: true } : {})
              })
            )
          ),
          metric('error_rate', (100 * failed) / samples, { unit: '%', better: 'less' })
        ]
  return [...measured, metric('samples', samples, {})].filter(each => v.is(name, each.name))
}

function valuesOf(distribution: Distribution | undefined): Record<string, number> {
  if (distribution == null) return {}
  const { mean, max, percentiles } = distribution
  const shown = PERCENTILES.flatMap(each => {
    const value = percentiles[each]
    return value == null ? [] : [[`p${each}`, value] as const]
  })
  return { mean, ...Object.fromEntries(shown), max }
}

/** @returns operations a second of the rows that are whole and of normal samples only */
export function wholeSeconds({ seconds, duration }: { seconds: TaskSeconds; duration: number }): number[] {
  const { throughput, every, warmup = 0 } = seconds
  return throughput.slice(warmup, Math.floor(duration / every)).map(each => each ?? 0)
}
