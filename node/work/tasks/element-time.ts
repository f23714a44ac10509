/** How long tasks may take: for the deadlines of their phases, and for the owner who limits the time of a run. Pure. */
import type { Spec } from '../../../protocols/spec.ts'
import { type Element, elementsOf, type PlannedTask, type TaskSpec } from '../../../protocols/tasks/elements.ts'
import type { Operation } from '../../../protocols/tasks/operation.ts'
import { operationsOf } from '../../../protocols/tasks/operations-of.ts'
import { loadOf } from '../../../protocols/tasks/task.ts'
import { MODULE_SECONDS } from './operation.ts'

type Timed = TaskSpec & Pick<Spec, 'policy'>

/** @returns seconds that clients of an element may take to its join point; undefined if that is not limited */
export function longestOfElement(element: Element, { policy }: Pick<Spec, 'policy'>): number | undefined {
  return leastOf([lengthOf(element, longestOfTask), policy.timeout === 0 ? undefined : policy.timeout])
}

/** @returns seconds that the tasks of one sample last by their periods; undefined if one that is waited for has none */
export const periodsOf = (spec: TaskSpec, params: Record<string, string> = {}): number | undefined =>
  sumOf(elementsOf(spec, params).map(each => lengthOf(each, periodOfTask)))

/** @param of seconds of one task */
function lengthOf(element: Element, of: (task: PlannedTask) => Seconds): Seconds {
  const { tasks, completedBy } = element
  // in a crowd the first task alone is sure to have its turn at once, and the last to have it behind all others
  if (completedBy === 'any') return leastOf((isCrowded(element) ? tasks.slice(0, 1) : tasks).map(of))
  // of all turns that one client has of a task
  if (isCrowded(element))
    return sumOf(
      tasks.flatMap(each => Array.from({ length: Math.ceil(each.clients / element.clients) }, () => of(each)))
    )
  const ending = tasks.filter(({ name }) => name === completedBy)
  return mostOf((ending.length > 0 ? ending : tasks).map(of))
}

const periodOfTask = ({ period, warmupPeriod = 0 }: PlannedTask): Seconds => period && warmupPeriod + period

/** @returns seconds after which the request that a client waits for has ended, whatever its task is; undefined if that is not limited */
export const longestRequestOf = ({ tasks }: Element): number | undefined => mostOf(tasks.map(timeoutOf))

/** @param names of operations; @returns seconds until each of them has been done once, one after the other; undefined if that is not limited */
export const longestOfOperations = (names: string[], { operation }: Pick<Spec, 'operation'>): number | undefined =>
  sumOf(
    names.map(name => {
      const found = operation.find(each => each.name === name)
      return sumOf([limitOf(found?.timeout ?? 0), loadingOf(found)])
    })
  )

/** @returns seconds until all that a member does before the first task is done; undefined if that is not limited */
export function longestToPrepare(spec: TaskSpec): number | undefined {
  const { prepare, probe_timeout } = loadOf(spec)
  const loading = operationsOf(spec).map(({ operation }) => loadingOf(operation))
  return sumOf([probe_timeout, ...loading, longestOfOperations(prepare, spec)])
}

const loadingOf = (operation?: Pick<Operation, 'type'>) => (operation?.type === 'module' ? 2 * MODULE_SECONDS : 0)

/** @returns seconds that the tasks of one sample take at most, with what is done before and after them; undefined if that is not limited */
export function longestOfTasks(spec: Timed, params: Record<string, string> = {}): number | undefined {
  const { setup, teardown } = loadOf(spec)
  const elements = elementsOf(spec, params)
  return sumOf([
    longestToPrepare(spec),
    longestOfOperations([...setup, ...teardown], spec),
    ...elements.map(each => longestOfElement(each, spec)),
    ...elements.map(each => (each.completedBy == null ? 0 : longestRequestOf(each)))
  ])
}

/** The period of a client begins when its ramp-up is over. */
function longestOfTask(task: PlannedTask): number | undefined {
  const { period, warmupPeriod = 0, rampUp } = task
  return period == null ? undefined : sumOf([rampUp, warmupPeriod, period, timeoutOf(task)])
}

const timeoutOf = ({ operation }: PlannedTask) => limitOf(operation.timeout)
const limitOf = (seconds: number) => (seconds === 0 ? undefined : seconds)

/** Whether some clients have one task after the other. */
const isCrowded = ({ tasks, clients }: Element) => clients < tasks.reduce((sum, each) => sum + each.clients, 0)

type Seconds = number | undefined
const mostOf = (all: Seconds[]): Seconds => (isLimited(all) ? Math.max(0, ...all) : undefined)
export const sumOf = (all: Seconds[]): Seconds =>
  isLimited(all) ? all.reduce((sum, each) => sum + each, 0) : undefined
const isLimited = (all: Seconds[]): all is number[] => all.every(each => each != null)

function leastOf(all: Seconds[]): Seconds {
  const limits = all.filter(each => each != null)
  return limits.length === 0 ? undefined : Math.min(...limits)
}
