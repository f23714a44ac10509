/** What a run lacks of what it was asked for, in one form for its record and for the dry run. Pure. */
import type { Availability } from '../../protocols/hello.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { hasMember } from '../../protocols/overridden.ts'
import type { Shortfall } from '../../protocols/shortfall.ts'
import type { Spec } from '../../protocols/spec.ts'
import { reasonOfTool } from '../../protocols/tool-reason.ts'
import { type Absent, type Attendance, whyAbsent } from './attendance.ts'
import { emptyGroups, registeredGroups } from './roster.ts'
import { parseSelector } from './selector.ts'

/** Tools that one shortfall names. */
const MAX_TOOLS = 16

/** @returns the members that are not here, the tools that were registered on them, and the groups in which nobody is */
export function absencesOf(spec: Spec, { here, absent }: Attendance): Shortfall[] {
  const { expect = 0, policy } = spec
  const members = absent.map(each => ({ what: each.name, reason: whyAbsent(each) }))
  const few = {
    what: `${expect - here.length} of ${expect} expected members`,
    reason: `did not come within ${policy.join_timeout} s`
  }
  const groups = emptyGroups(spec, here).map(({ name, on }) => ({
    what: name,
    reason: `no member of the run fits "${on}"`
  }))
  const gone = absent.flatMap(each => registeredOn(each, registeredGroups(spec)))
  return [
    ...[...members, ...(here.length < expect ? [few] : [])].map(each => ({ kind: 'member' as const, ...each })),
    ...groups.map(each => ({ kind: 'group' as const, ...each })),
    ...gone,
    ...overridesOf(spec).flatMap(({ tool, on }) =>
      on == null || here.some(parseSelector(on)) ? [] : [unfitting(tool, `no member of the run fits "${on}"`)]
    )
  ]
}

/** @param size how many members the run has, whose ranks begin with 0; @returns overrides of tools that are for none of them */
export function ranklessOverrides(spec: Spec, size: number): Shortfall[] {
  return overridesOf(spec).flatMap(({ tool, rank }) =>
    rank == null || hasMember(rank, size)
      ? []
      : [unfitting(tool, `no member has a rank of ${rank}: the last one is ${size - 1}`)]
  )
}

const overridesOf = ({ tool: tables }: Spec) =>
  Object.entries(tables).flatMap(([tool, { override = [] }]) => override.map(({ on, rank }) => ({ tool, on, rank })))

const unfitting = (tool: string, reason: string): Shortfall => ({ kind: 'tool', what: `override of ${tool}`, reason })

/** Registrations outlive the peers on which they are. */
function registeredOn({ name, state, registered = [] }: Absent, groups: string[]): Shortfall[] {
  return groups.flatMap(group => {
    const tools = registered.filter(each => each.group === group).map(({ tool }) => tool)
    if (tools.length === 0) return []
    const reason = `registered there for group ${group}, and ${name} is ${state}`
    return [{ kind: 'tool' as const, member: name, what: listInWords(tools, MAX_TOOLS), reason }]
  })
}

/** @returns a tool that a member cannot run */
export const lackOf = (member: string, found: Availability): Shortfall => ({
  ...{ kind: 'tool', member, what: found.tool },
  reason: reasonOfTool(found) ?? 'not usable'
})
