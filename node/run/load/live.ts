/** How the tasks of a sample go at one moment, of all members together: from what they told and from what they brought. */
import type { PlannedTask } from '../../../protocols/tasks/elements.ts'
import type { LoadNow } from '../../../protocols/tasks/load-now.ts'
import type { LoadStatus } from '../../../protocols/tasks/load-stream.ts'
import type { LoadPlan } from '../../../protocols/tasks/workers.ts'
import { mergeRow, newRow } from './rows.ts'
import type { TaskResults } from './task-results.ts'

/** Percentiles are of what ended in so many seconds. */
const WINDOW = 10

export interface LiveSource {
  /** That goes on; 0 before the first. */
  element: number
  plan: LoadPlan
  /** What members told last, by name. */
  statuses: Map<string, LoadStatus>
  tasks: TaskResults[]
}

export function liveOf({ element, plan, statuses, tasks }: LiveSource): LoadNow {
  const prepared = [...statuses].flatMap(([member, { prepared }]) =>
    prepared == null ? [] : [{ member, ...prepared }]
  )
  return {
    ...{ element, elements: plan.elements.length },
    tasks: tasks.map(each => taskNow(each, plannedIn(plan, each.plan), statuses)),
    members: [...statuses].map(([member, { workers, busy, lag, tasks: its }]) => ({
      ...{ member, workers, busy, lag },
      clients: toldSum(its.map(({ clients }) => clients)),
      done: toldSum(its.map(({ done }) => done))
    })),
    ...(prepared.length === 0 ? {} : { prepared })
  }
}

/** Each is a member's word, and a sum of them may be more than any reader takes. */
const toldSum = (counts: number[]) =>
  Math.min(
    Number.MAX_SAFE_INTEGER,
    counts.reduce((sum, each) => sum + each, 0)
  )

export const plannedIn = ({ elements }: LoadPlan, { element, task }: TaskResults['plan']): PlannedTask | undefined =>
  elements.find(({ number }) => number === element)?.tasks.find(({ name }) => name === task)

function taskNow(
  results: TaskResults,
  planned: PlannedTask | undefined,
  statuses: Map<string, LoadStatus>
): LoadNow['tasks'][number] {
  const hasEnd = planned?.period != null || planned?.iterations != null
  const hasWarmup = planned?.warmupPeriod != null || (planned?.warmupIterations ?? 0) > 0
  const { plan, members, unit } = results
  const told = [...plan.members].map(([member, of]) => {
    const status = statuses.get(member)
    const its = status?.element === plan.element ? status.tasks.find(({ task }) => task === plan.task) : undefined
    // until a member has told of it, nothing of it is done
    return { of, clients: its?.clients ?? of, progress: its == null && hasEnd ? 0 : its?.progress }
  })
  const progress = told.every(each => each.progress != null || each.clients === 0)
    ? told.reduce((sum, each) => sum + (each.progress ?? 1) * each.of, 0) / Math.max(1, plan.clients)
    : undefined
  const all = [...members.values()]
  const samples = all.reduce((sum, each) => sum + each.samples, 0)
  const latency = latencyOf(results)
  return {
    ...{ task: plan.task, clients: toldSum(told.map(({ clients }) => clients)), of: plan.clients, unit },
    ...(progress == null ? {} : { progress: Math.min(1, progress) }),
    samples: samples + all.reduce((sum, each) => sum + each.warmup, 0),
    failed: all.reduce((sum, each) => sum + each.failed, 0),
    warmup: hasWarmup && samples === 0,
    throughput: throughputOf(results),
    ...(latency == null ? {} : { latency })
  }
}

/** Of the last row that all have told of. */
function throughputOf({ members, settled, rows: { every } }: TaskResults): number {
  const row = Math.floor(settled / every) - 1
  return [...members.values()].reduce((sum, { rows }) => sum + (rows.operations[row] ?? 0), 0) / every
}

function latencyOf({ members, rows: { every } }: TaskResults): LoadNow['tasks'][number]['latency'] {
  const last = [...members.values()].reduce((most, { rows }) => Math.max(most, rows.ended.length), 0)
  const sum = newRow()
  for (let row = Math.max(0, last - Math.ceil(WINDOW / every)); row < last; row++)
    for (const { rows } of members.values()) {
      const open = rows.open.get(row)
      if (open != null) mergeRow(sum, open)
    }
  const { latency } = sum
  if (latency.sizes.count === 0) return undefined
  const [p50, p90, p99] = latency.quantiles([0.5, 0.9, 0.99]) as [number, number, number]
  return { p50, p90, p99, max: latency.max }
}
