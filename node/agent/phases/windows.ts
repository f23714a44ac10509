/** Windows of triggers within a sample: the tools of some groups start and stop while the command goes on. */
import type { Command } from '../../../protocols/phase.ts'
import type { Spec } from '../../../protocols/spec.ts'
import { triggerOf } from '../../../protocols/triggered.ts'
import { processorTimesOf } from '../../processes/process-group.ts'
import type { MemberState } from '../member-state.ts'
import { type StoppedTool, stopTools, type ToolRun } from '../running-tools/tool-run.ts'
import { groupsOf } from '../usage.ts'

/** @returns whether a tool of a group starts with a command: it names the group, or is that of the sample and the group has no trigger */
export const startsWith =
  ({ groups }: Pick<Command, 'groups'>, spec: Spec) =>
  ({ group }: { group: string }): boolean =>
    groups == null ? triggerOf(spec, group) == null : groups.includes(group)

/** The tools of these groups stop; all else goes on. */
export async function stopGroups(member: MemberState, groups: string[]): Promise<StoppedTool> {
  const isTheirs = ({ assignment }: ToolRun) => groups.includes(assignment.group)
  const stopping = member.started.filter(isTheirs)
  for (const time of processorTimesOf(groupsOf(stopping)).values()) member.toolTime += time
  member.started = member.started.filter(each => !isTheirs(each))
  return stopTools(stopping)
}
