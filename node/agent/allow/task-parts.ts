/** Whether a part of the phase `work` that is about tasks is within the offer that this member answered. Pure. */
import type { Offer } from '../../../protocols/manifest.ts'
import { type Command, isTaskPart } from '../../../protocols/phase.ts'
import { elementsOf } from '../../../protocols/tasks/elements.ts'
import { loadOf } from '../../../protocols/tasks/task.ts'

/** @param self the member; @returns what of the part the offer does not have, in words; undefined if there is nothing */
export function exceedsTasks(
  { part, element, step }: Pick<Command, 'part' | 'element' | 'step'>,
  { spec, candidates }: Pick<Offer, 'spec' | 'candidates'>,
  self: string
): string | undefined {
  if (!isTaskPart(part)) return undefined
  if (spec.task.length === 0) return `the offer has no tasks, and so no ${part}`
  if (candidates.find(({ peer }) => peer === self)?.load == null) return 'this member has no clients of tasks'
  if ((part === 'setup' || part === 'teardown') && loadOf(spec)[part].length === 0) return `the offer has no ${part}`
  if (part !== 'tasks' && part !== 'complete') return undefined
  const params = spec.iterations[(step?.number ?? 1) - 1]?.params
  const found = elementsOf(spec, params).find(({ number }) => number === element)
  if (found == null) return `the schedule of the offer has no element ${element ?? 'without a number'}`
  return part === 'complete' && found.completedBy == null ? `no task completes element ${element}` : undefined
}
