/** What is wrong with parameters that set keys of tasks, `TASK.KEY`: in `[params]`, and in iterations. Pure. */
import { type Params, setsOf } from '../matrix/params.ts'
import type { SpecInput } from '../spec.ts'
import type { ValidationError } from '../validation-errors.ts'
import { wrongLengths } from './length-conflicts.ts'
import type { TaskKeys } from './task.ts'
import { isTaskKey, nameOf, readParameter, splitParameter, TASK_PARAMETERS, withParameters } from './task-parameters.ts'
import { knownInstead, unknownIn } from './unknown-name.ts'

/** @param keys of which names and lengths are right */
export function wrongParameters(
  keys: TaskKeys,
  { params, iterations = [] }: Pick<Partial<SpecInput>, 'iterations'> & { params?: unknown }
): ValidationError[] {
  const names = keys.task.map(nameOf)
  const inSets = params == null ? [] : wrongInSets(params as Params, names)
  const inIterations = iterations.flatMap(({ params: its = {} }, i) =>
    Object.entries(its).flatMap(([key, value]) =>
      wrongValues(key, [value], names).map(what => ({ path: ['iterations', i, 'params', key], what }))
    )
  )
  if (inSets.length > 0 || inIterations.length > 0) return [...inSets, ...inIterations]
  return iterations.flatMap(({ params: its = {} }, i) => wrongTogether(keys, its, i))
}

const wrongInSets = (params: Params, names: string[]): ValidationError[] =>
  setsOf(params).flatMap((set, n) =>
    Object.entries(set).flatMap(([key, given]) => {
      const path = Array.isArray(params) ? ['params', n, key] : ['params', key]
      return wrongValues(key, [given].flat().map(String), names).map(what => ({ path, what }))
    })
  )

/** A parameter without a point, or of which neither half is known, is one of the workload. @returns one mistake at most */
function wrongValues(parameter: string, values: string[], names: string[]): string[] {
  const split = splitParameter(parameter)
  if (split == null) return []
  const { task, key } = split
  if (!names.includes(task)) return isTaskKey(key) ? [unknownIn(task, names, 'task')] : []
  if (!isTaskKey(key))
    return [`${key} is no key of a task that a parameter sets; ${knownInstead(key, TASK_PARAMETERS)}`]
  return values
    .map(each => ({ each, ...readParameter(key, each) }))
    .flatMap(({ each, what }) => (what == null ? [] : [`${each}: ${what}`]))
    .slice(0, 1)
}

/** What the keys of an iteration make wrong together, such as iterations beside a period. */
function wrongTogether({ task, parallel }: TaskKeys, params: Record<string, string>, i: number): ValidationError[] {
  if (!Object.keys(params).some(key => splitParameter(key) != null)) return []
  const changed = task.map(each => withParameters(each, params))
  return wrongLengths({ task: changed, parallel }).map(({ path: [, n, ...key], what }) => ({
    path: ['iterations', i, 'params'],
    what: `${[nameOf(changed[n as number] as (typeof task)[number]), ...key].join('.')}: ${what}`
  }))
}
