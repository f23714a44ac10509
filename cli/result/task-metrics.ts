/** What the tasks of a result came to on each member, as metrics: the record has those of all members together. Pure. */
import { stepFolder } from '../../protocols/layout.ts'
import { type MetricSamples, metricSamples } from '../../protocols/metric-samples.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { taskEntryOf } from '../../protocols/tasks/task-entry.ts'
import { failuresIn, type WorkEntry } from '../../protocols/work-entry.ts'
import type { SampleTasks } from './tasks.ts'

/** Cumulative averages are of all members. */
const NOT_OF_MEMBERS = { throughput: { min: 0, mean: 0, median: 0, max: 0, rows: [] } }

/** @returns without samples that failed; values of a sample by member */
export function taskMetricsOfMembers(
  samples: SampleTasks[],
  { workload, spec }: Pick<RunRecord, 'workload' | 'spec'>
): MetricSamples[] {
  const bad = new Set(failuresIn(workload, spec).map(({ step }) => stepFolder(step)))
  const entries = samples
    .filter(({ step }) => !bad.has(stepFolder(step)))
    .flatMap(({ step, tasks }) =>
      tasks.flatMap(({ task, unit, duration, members }) =>
        members.map(({ member, ...measured }): WorkEntry => {
          const of = { ...measured, ...NOT_OF_MEMBERS, task, unit, duration, ended: 'schedule' as const }
          const { metrics = [], ...entry } = taskEntryOf(step, of)
          return { ...entry, member, metrics: metrics.filter(({ name }) => name !== `${task}.throughput`) }
        })
      )
    )
  return metricSamples({ workload: entries, spec })
}
