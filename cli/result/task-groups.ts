/** The tasks of each iteration over its samples: medians of what each sample came to, and sums of what is counted. Pure. */
import { stepFolder } from '../../protocols/layout.ts'
import { medianOf } from '../../protocols/quantiles.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { DriverHealth } from '../../protocols/tasks/task-answer.ts'
import type { Distribution, TaskResult, Time } from '../../protocols/tasks/tasks-file.ts'
import { failuresIn } from '../../protocols/work-entry.ts'
import type { SampleTasks } from './tasks.ts'

export const TIME_NAMES: Record<Time, string> = {
  latency: 'latency',
  service: 'service time',
  processing: 'processing time'
}

export interface IterationTask {
  iteration: { number: number; name: string }
  task: string
  /** Of its samples, in their order; at least one. */
  results: [TaskResult, ...TaskResult[]]
  /** They are of samples that failed: there are no others. */
  failed?: true
}

type Source = Pick<RunRecord, 'workload' | 'spec'>

/**
 * Warm-ups count for nothing, and samples that failed only where an iteration has no others.
 * @returns by iteration, in the order in which the tasks ran
 */
export function tasksByIteration(samples: SampleTasks[], { workload, spec }: Source): IterationTask[] {
  const bad = new Set(failuresIn(workload, spec).map(({ step }) => stepFolder(step)))
  const normal = samples.filter(({ step }) => step.warmup == null)
  const byIteration = [...Map.groupBy(normal, ({ step }) => step.number).values()]
  return byIteration.flatMap(all => {
    const [{ step }] = all as [SampleTasks]
    const good = all.filter(each => !bad.has(stepFolder(each.step)))
    const named = Map.groupBy(
      (good.length > 0 ? good : all).flatMap(({ tasks }) => tasks),
      ({ task }) => task
    )
    return [...named].map(([task, results]) => ({
      ...{ iteration: { number: step.number, name: step.name }, task },
      results: results as IterationTask['results'],
      ...(good.length > 0 ? {} : { failed: true as const })
    }))
  })
}

/** @returns the median over the samples that have it */
export function medianIn<T>(all: readonly T[], numberOf: (each: T) => number | undefined): number | undefined {
  const values = all.flatMap(each => numberOf(each) ?? [])
  return values.length === 0 ? undefined : medianOf(values)
}

export const sumOf = <T>(all: readonly T[], numberOf: (each: T) => number | undefined): number =>
  all.reduce((sum, each) => sum + (numberOf(each) ?? 0), 0)

/** @returns percentiles that every distribution has, upwards: `50`, `99`, `99.9`, `100`; whole ones are first in an object */
export function percentilesIn(all: Array<Distribution | undefined>): string[] {
  const given = all.flatMap(each => (each == null ? [] : [Object.keys(each.percentiles)]))
  const [first = []] = given
  return first
    .filter(each => given.every(keys => keys.includes(each)))
    .sort((one, other) => Number(one) - Number(other))
}

/** @returns `P99.9`, `MAX` */
export const percentileName = (percentile: string): string => (percentile === '100' ? 'MAX' : `P${percentile}`)

/** @returns errors of all samples by kind, the most frequent first */
export function errorsIn(results: readonly Pick<TaskResult, 'errors'>[]): Array<{ kind: string; count: number }> {
  const counts = new Map<string, number>()
  for (const { kind, count } of results.flatMap(({ errors }) => errors))
    counts.set(kind, (counts.get(kind) ?? 0) + count)
  return [...counts].map(([kind, count]) => ({ kind, count })).sort((one, other) => other.count - one.count)
}

/** One member in all samples. */
export interface TaskMember {
  member: string
  clients: number
  all: TaskResult['members']
  /** The worst of its samples. */
  health?: DriverHealth
  lost: boolean
}

export function membersIn(results: readonly TaskResult[]): TaskMember[] {
  const byMember = Map.groupBy(
    results.flatMap(({ members }) => members),
    ({ member }) => member
  )
  return [...byMember].map(([member, all]) => {
    const health = worstOf(all.flatMap(each => each.health ?? []))
    return {
      ...{ member, all, clients: Math.max(...all.map(({ clients }) => clients)) },
      ...{ lost: all.some(({ lost }) => lost), ...(health == null ? {} : { health }) }
    }
  })
}

function worstOf(all: DriverHealth[]): DriverHealth | undefined {
  const [first] = all
  if (first == null) return undefined
  const most = (key: keyof DriverHealth) => all.reduce((worst, each) => Math.max(worst, each[key] ?? 0), 0)
  return {
    ...(all.some(({ waited }) => waited == null) ? {} : { waited: most('waited') }),
    ...{ workers: most('workers'), busy: most('busy'), lag: most('lag') },
    ...{ lagMax: most('lagMax'), overhead: most('overhead') }
  }
}
