/** The parts of `work` that the tasks of one sample are, in their order. Pure: the controller plans them, `bak verify` looks for them. */
import type { Part } from '../phase.ts'
import { type Element, elementsOf, type TaskSpec } from './elements.ts'
import { loadOf } from './task.ts'

export interface TaskPart {
  part: Exclude<Part, 'servers' | 'clients'>
  /** Of `tasks` and `complete`. */
  element?: Element
  /** Whoever answers first ends it: the first client that ends completes the element. */
  first?: true
}

/**
 * @param params settings of the iteration
 * @returns none for a spec without tasks
 * @throws {BakError} as elementsOf
 */
export function taskPartsOf(spec: TaskSpec, params?: Record<string, string>): TaskPart[] {
  if (spec.task.length === 0) return []
  const { setup, teardown } = loadOf(spec)
  return [
    { part: 'prepare' },
    ...(setup.length > 0 ? [{ part: 'setup' as const }] : []),
    ...elementsOf(spec, params).flatMap(partsOf),
    ...(teardown.length > 0 ? [{ part: 'teardown' as const }] : [])
  ]
}

function partsOf(element: Element): TaskPart[] {
  const tasks: TaskPart = { part: 'tasks', element }
  if (element.completedBy == null) return [tasks]
  return [element.completedBy === 'any' ? { ...tasks, first: true } : tasks, { part: 'complete', element }]
}
