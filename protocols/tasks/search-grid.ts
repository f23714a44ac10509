/** The values that `[search]` can try: each is an iteration of the run. Pure. */
import { expandParams, MAX_ITERATIONS } from '../matrix/params.ts'
import type { Search, TaskKeys } from './task.ts'
import { nameOf } from './task-parameters.ts'

/** Of a search that does not say its step. */
const STEPS = 100

/** @returns upwards, the last one is `to` */
export function gridOf(search: Search): number[] {
  const { from, to } = search
  const steps = Array.from({ length: sizeOfGrid(search) - 1 }, (_, i) => exact(from + i * distanceIn(search)))
  return [...steps, to]
}

/** @returns how many values there are, without making them */
export const sizeOfGrid = (search: Search): number => stepsOf(search.from, search.to, distanceIn(search)) + 1

function distanceIn({ from, to, step, vary }: Search): number {
  const part = (to - from) / STEPS
  return step ?? (vary === 'clients' ? Math.max(1, Math.round(part)) : part)
}

/** Values below the last one; one that differs from it by rounding alone is not below. */
const stepsOf = (from: number, to: number, distance: number) => Math.max(0, Math.ceil((to - from) / distance - 1e-9))

/** Without the digits of sums in binary, as 0.30000000000000004. */
const exact = (value: number) => Number(value.toPrecision(12))

/** @returns the task that is varied: the only one where the search names none */
export const searchedTask = ({ task, search }: Pick<TaskKeys, 'task' | 'search'>) =>
  search?.task == null ? (task.length === 1 ? task[0] : undefined) : task.find(each => nameOf(each) === search.task)

/** @returns `TASK.KEY` */
export function searchedParameter(keys: Pick<TaskKeys, 'task' | 'search'>): string | undefined {
  const task = searchedTask(keys)
  return task == null || keys.search == null ? undefined : `${nameOf(task)}.${keys.search.vary}`
}

/** @param keys of which names are right @returns an iteration for each value; nothing where the search has a mistake */
export function searchIterations(keys: Pick<TaskKeys, 'task' | 'search'>) {
  const { search } = keys
  const parameter = searchedParameter(keys)
  if (search == null || parameter == null || sizeOfGrid(search) > MAX_ITERATIONS) return undefined
  const rate = searchedTask(keys)?.target_throughput
  const unit = search.vary === 'target_throughput' && typeof rate === 'string' ? ` ${rate.split(' ')[1]}` : ''
  const { iterations } = expandParams({ [parameter]: gridOf(search).map(each => `${each}${unit}`) })
  return iterations
}
