/** What a run lacks of what it was asked for, in one form for its record and for the dry run. Pure. */
import type { Availability } from '../../protocols/hello.ts'
import type { Shortfall } from '../../protocols/shortfall.ts'
import type { Spec } from '../../protocols/spec.ts'
import type { Attendance } from './attendance.ts'
import { emptyGroups } from './roster.ts'

/** @returns the members that are not here, and the groups in which nobody is */
export function absencesOf(spec: Spec, { here, absent }: Attendance): Shortfall[] {
  const { expect = 0, policy } = spec
  const members = absent.map(({ name, state }) => ({
    what: name,
    reason: state === 'unknown' ? 'no peer has this name' : state
  }))
  const few = {
    what: `${expect - here.length} of ${expect} expected members`,
    reason: `did not come within ${policy.join_timeout} s`
  }
  const groups = emptyGroups(spec, here).map(({ name, on }) => ({
    what: name,
    reason: `no member of the run fits "${on}"`
  }))
  return [
    ...[...members, ...(here.length < expect ? [few] : [])].map(each => ({ kind: 'member' as const, ...each })),
    ...groups.map(each => ({ kind: 'group' as const, ...each }))
  ]
}

/** @returns a tool that a member cannot run */
export const lackOf = (member: string, { tool, reason = 'not usable' }: Availability): Shortfall => ({
  ...{ kind: 'tool', member, what: tool },
  // reasons begin with the name of their tool
  reason: reason.startsWith(`${tool}: `) ? reason.slice(tool.length + 2) : reason
})
