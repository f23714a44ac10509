/** Which groups of a run have a trigger, and the samples that it makes. Pure. */
import type { Assignment } from './manifest.ts'
import { hasSample } from './matrix/sampling.ts'
import { own } from './own.ts'
import type { Step } from './phase.ts'
import type { Spec } from './spec.ts'
import { MAX_WINDOWS, type Trigger } from './trigger.ts'

type Triggers = Pick<Spec, 'trigger' | 'triggers' | 'groups'>

/** @returns when the tools of a group run; undefined where they do from the begin of a sample to its end */
export const triggerOf = ({ trigger, triggers, groups }: Triggers, group: string): Trigger | undefined =>
  groups.find(({ name }) => name === group)?.trigger ?? own(triggers, group) ?? trigger

/** @returns whether the output of the command may say when tools run */
export const isTriggered = ({ trigger, triggers, groups }: Triggers): boolean =>
  trigger != null || Object.keys(triggers).length > 0 || groups.some(each => each.trigger != null)

/** @returns the groups with tools that have a trigger */
export function triggeredGroups(spec: Triggers, members: Array<{ tools: Assignment[] }>): string[] {
  const groups = new Set(members.flatMap(({ tools }) => tools.map(({ group }) => group)))
  return [...groups].filter(group => triggerOf(spec, group) != null)
}

/** @returns whether a run can have such a sample: of its matrix, or of a window of a group */
export function mayHaveSample(spec: Spec, step: Step): boolean {
  if (hasSample(spec, step)) return true
  const { number, name, sample, warmup } = step
  const isOfMatrix = hasSample(spec, { number, name, sample: 1 })
  return isTriggered(spec) && isOfMatrix && warmup == null && sample >= 1 && sample <= MAX_WINDOWS
}
