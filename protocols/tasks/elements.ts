/**
 * The schedule of a run: its elements, one after the other, each a task or the tasks of a `[[parallel]]`, with what holds for each task once
 * the defaults of its parallel, the parameters of the iteration and the test mode have been applied. Pure: everybody computes it alike.
 */
import { BakError } from '../errors.ts'
import type { Spec } from '../spec.ts'
import type { NamedOperation, Operation } from './operation.ts'
import { type LENGTHS, loadOf, type Parallel, type Task } from './task.ts'
import { nameOf, withParameters } from './task-parameters.ts'

/** What of a spec is about tasks. */
export type TaskSpec = Pick<Spec, 'task' | 'parallel' | 'operation' | 'load'>

/** Operations a second of all clients of a task together. */
export interface Throughput {
  perSecond: number
  unit: string
}

export interface PlannedTask {
  name: string
  operation: Operation
  /** What its operation is called; its type, where it stands in the task itself. */
  operationName: string
  clients: number
  /** Of each client. */
  warmupIterations: number
  /** Of each client, behind those of warm-up. Without it and without a period it ends when its operation has no more to do. */
  iterations?: number
  /** Seconds since the begin of the element. Without `period` it is warm-up until another task completes it. */
  warmupPeriod?: number
  /** Seconds, behind those of warm-up. */
  period?: number
  /** Seconds over which its clients begin. */
  rampUp: number
  schedule: 'deterministic' | 'poisson'
  /** Left out where each client sends its next request as soon as it has its answer. */
  throughput?: Throughput
  ignoreErrors: boolean
}

export interface Element {
  /** 1 .. n; behind it is the join point of the same number. */
  number: number
  tasks: PlannedTask[]
  /** Of all its tasks; fewer than they have together where the parallel has a limit. */
  clients: number
  /** The task with whose end the others end, or `any`. */
  completedBy?: string
}

/**
 * @param params settings of the iteration: `TASK.KEY` is a key of a task
 * @throws {BakError} `usage` for such a parameter whose value the key cannot have, and for a task without its operation
 */
export function elementsOf(spec: TaskSpec, params: Record<string, string> = {}): Element[] {
  const isTest = loadOf(spec).test_mode
  const tasks = spec.task.map(each => withParameters(each, params))
  return groupsOf(tasks).map((group, i) => {
    const shared = spec.parallel.find(each => each.name === group[0]?.parallel)
    const planned = group.map(each => plannedTask(each, shared, spec.operation, isTest))
    const clients = planned.reduce((sum, each) => sum + each.clients, 0)
    const completedBy = shared?.completed_by
    return {
      number: i + 1,
      tasks: planned,
      clients: Math.min(clients, shared?.clients ?? clients),
      ...(completedBy == null ? {} : { completedBy })
    }
  })
}

/** @returns the tasks of each element: those that follow each other with the same parallel */
export function groupsOf<T extends { parallel?: string | undefined }>(tasks: T[]): T[][] {
  const groups: T[][] = []
  for (const task of tasks) {
    const last = groups.at(-1)
    if (task.parallel != null && last?.[0]?.parallel === task.parallel) last.push(task)
    else groups.push([task])
  }
  return groups
}

function plannedTask(
  task: Task,
  shared: Parallel | undefined,
  operations: NamedOperation[],
  isTest: boolean
): PlannedTask {
  const { operation, operationName } = operationIn(task, operations)
  const throughput = throughputOf(task)
  const { name: called, clients, schedule, ignore_errors: ignoreErrors } = { ...task, name: nameOf(task) }
  const common = { name: called, operation, operationName, clients, schedule, ignoreErrors }
  if (isTest) return { ...common, warmupIterations: 0, iterations: 1, rampUp: 0 }
  return { ...common, ...lengthsOf(task, shared, operation), ...(throughput == null ? {} : { throughput }) }
}

/** A task's own keys win over those of its parallel. */
function lengthsOf(task: Task, shared: Parallel | undefined, operation: Operation) {
  const of = <K extends (typeof LENGTHS)[number]>(key: K) => task[key] ?? shared?.[key]
  const [warmupPeriod, period] = [of('warmup_time_period'), of('time_period')]
  const isTimed = warmupPeriod != null || period != null
  // only a module can say that there is no more to do
  const iterations = of('iterations') ?? (isTimed || operation.type === 'module' ? undefined : 1)
  return {
    warmupIterations: of('warmup_iterations') ?? 0,
    rampUp: of('ramp_up_time_period') ?? 0,
    ...(iterations == null ? {} : { iterations }),
    ...(warmupPeriod == null ? {} : { warmupPeriod }),
    ...(period == null ? {} : { period })
  }
}

function operationIn(
  { operation: given }: Pick<Task, 'operation'>,
  operations: NamedOperation[]
): { operation: Operation; operationName: string } {
  if (typeof given !== 'string') return { operation: given, operationName: given.type }
  const found = operations.find(each => each.name === given)
  // what a spec's conflicts refuse before
  if (found == null) throw new BakError('usage', `there is no operation ${given}`)
  const { name: operationName, ...operation } = found
  return { operation, operationName }
}

function throughputOf({ target_throughput: rate, target_interval: interval }: Task): Throughput | undefined {
  if (interval != null) return { perSecond: 1 / interval, unit: 'ops' }
  if (rate == null) return undefined
  if (typeof rate === 'number') return { perSecond: rate, unit: 'ops' }
  const [perSecond, unit] = rate.split(' ') as [string, string]
  return { perSecond: Number(perSecond), unit: unit.replace(/\/s$/, '') }
}
