/** What a member says when its clock was set during a run. */
import { clockSteps, describeStep } from '../now.ts'
import type { MemberState } from './member-state.ts'

/** @returns a warning for each time that it was set since this was asked last */
export function clockWarnings(member: Pick<MemberState, 'clockSeen'>): string[] {
  const steps = clockSteps(member.clockSeen)
  member.clockSeen = performance.now()
  return steps.map(
    step => `the clock of this machine was ${describeStep(step)}, or it slept so long: its times jump there`
  )
}
