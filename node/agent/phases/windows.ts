/** Windows of triggers within a sample: the tools of some groups start and stop while the command goes on. */
import type { Command } from '../../../protocols/phase.ts'
import type { Spec } from '../../../protocols/spec.ts'
import { triggerOf } from '../../../protocols/triggered.ts'
import { processorTimeOf } from '../../processes/process-group.ts'
import type { MemberState } from '../member-state.ts'
import { type StoppedTools, stopStarted } from './stop-started.ts'

/** @returns whether a tool of a group starts with a command: it names the group, or is that of the sample and the group has no trigger */
export const startsWith =
  ({ groups }: Pick<Command, 'groups'>, spec: Spec) =>
  ({ group }: { group: string }): boolean =>
    groups == null ? triggerOf(spec, group) == null : groups.includes(group)

/** The tools of these groups stop; all else goes on. */
export async function stopGroups(member: MemberState, groups: string[]): Promise<StoppedTools> {
  const isTheirs = ({ group }: { group: string }) => groups.includes(group)
  const stopping = member.started.filter(isTheirs)
  member.toolTime += processorTimeOf(stopping.flatMap(({ running }) => running.group ?? []))
  member.started = member.started.filter(each => !isTheirs(each))
  return await stopStarted(stopping)
}
