/**
 * The tasks of a comparison side by side: throughput, how many failed, and percentiles of latency and service time, as medians over the samples of
 * each group. What of it is tested is in the metrics. Pure.
 */
import { metricSamples } from '../../protocols/metric-samples.ts'
import { medianOf } from '../../protocols/quantiles.ts'
import { nameOf } from '../../protocols/tasks/task-parameters.ts'
import { type Group, keysOf } from './groups.ts'

/** In this order; what a task has no metric of is left out. */
const ROWS = [
  'throughput',
  'error_rate',
  ...['latency', 'service_time'].flatMap(time =>
    ['mean', 'p50', 'p90', 'p99', 'p99.9', 'max'].map(name => `${time}.${name}`)
  )
]

export interface TaskRow {
  /** The iteration; '' where each group has one. */
  iteration: string
  task: string
  /** `latency.p99` */
  what: string
  unit: string
  /** By label; of groups that have it. */
  medians: Map<string, number>
}

/** @returns rows of tasks that the baseline and another group have, by iteration and task */
export function compareTasks(groups: Group[]): TaskRow[] {
  const keyOf = keysOf(groups)
  const values = new Map<string, Omit<TaskRow, 'medians'> & { byLabel: Map<string, number[]> }>()
  for (const { label, selections } of groups) {
    for (const selection of selections) {
      const { record } = selection.result
      const names = new Set(record.spec.task.map(nameOf))
      for (const { iteration, metric, unit = '', samples } of names.size === 0 ? [] : metricSamples(record)) {
        const task = samples[0]?.byMember[0]?.workload
        if (iteration.number !== selection.number || task == null || !names.has(task)) continue
        const what = metric.slice(task.length + 1)
        if (!ROWS.includes(what)) continue
        const place = { iteration: keyOf(selection), task, what, unit }
        const key = JSON.stringify(place)
        const row = values.get(key) ?? { ...place, byLabel: new Map() }
        row.byLabel.set(label, [...(row.byLabel.get(label) ?? []), ...samples.map(({ value }) => value)])
        values.set(key, row)
      }
    }
  }
  const [base = ''] = groups.map(({ label }) => label)
  const found = [...values.values()].filter(({ byLabel }) => byLabel.has(base) && byLabel.size > 1)
  const tasks = [...Map.groupBy(found, ({ iteration, task }) => JSON.stringify([iteration, task])).values()]
  return tasks.flatMap(rows =>
    rows
      .sort((one, other) => ROWS.indexOf(one.what) - ROWS.indexOf(other.what))
      .map(({ byLabel, ...place }) => ({
        ...place,
        medians: new Map([...byLabel].map(([label, all]) => [label, medianOf(all)]))
      }))
  )
}
