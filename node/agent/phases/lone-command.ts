/** The command of a run, on its controller: run to its end, or while tools start and stop as its output says. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BakError } from '../../../protocols/errors.ts'
import { OUTPUT_FILES, workloadFolder } from '../../../protocols/layout.ts'
import type { Ack, Step } from '../../../protocols/phase.ts'
import type { Trigger } from '../../../protocols/trigger.ts'
import { triggeredGroups, triggerOf } from '../../../protocols/triggered.ts'
import { now } from '../../now.ts'
import { type CommandWork, runCommand } from '../../work/command/run-command.ts'
import { TriggerWatch } from '../../work/command/trigger-watch.ts'
import { type Said, TriggeredCommand } from '../../work/command/triggered-command.ts'
import { peersFileOf, serversOf } from '../../work/contract.ts'
import { OutputLines } from '../../work/output-lines.ts'
import type { WorkloadContext } from '../../work/workload-context.ts'
import { callsOf } from '../calls-of.ts'
import type { MemberState } from '../member-state.ts'
import type { PhaseContext } from './phase.ts'

export type CommandDone = Pick<Ack, 'workload' | 'edges' | 'warnings' | 'missing'>

/** With the folder and environment of the caller on this machine. */
export async function runCommandOf(context: PhaseContext): Promise<CommandDone> {
  const { member, parts, signal } = context
  const triggers = triggersOf(member)
  if (member.command == null) {
    const caller = parts.workloadOf(member.run)
    if (caller == null) throw new BakError('not-allowed', 'no workload was assigned to this member')
    const work = await workOf(context)
    const run = (until: AbortSignal) => start(context, work, caller, until)
    if (triggers.size === 0) return await run(signal)
    const files = Object.values(OUTPUT_FILES).map(file => new OutputLines(join(work.folder, file)))
    const watch = new TriggerWatch(triggers, files, () => now() - member.clock.offset)
    member.command = new TriggeredCommand(watch, run)
  }
  const said = await member.command.next(signal)
  if (said.workload != null) member.command = undefined
  return doneOf(said)
}

/** Stops a command that goes on. @returns what it came to; nothing where none does */
export async function endCommand(member: MemberState): Promise<CommandDone> {
  const { command } = member
  member.command = undefined
  const said = await command?.end()
  return said == null ? {} : doneOf(said)
}

function doneOf({ workload, edges, warnings, untriggered }: Said): CommandDone {
  const missing = untriggered.map(({ group, reason }) => ({
    ...{ kind: 'trigger' as const, what: `trigger of ${group}`, reason }
  }))
  return { workload, edges, warnings, ...(missing.length === 0 ? {} : { missing }) }
}

function triggersOf({ offer: { spec }, roster }: MemberState): Map<string, Trigger> {
  const groups = triggeredGroups(spec, roster)
  return new Map(groups.map(group => [group, triggerOf(spec, group) as Trigger]))
}

async function workOf({ command, member, parts }: PhaseContext): Promise<CommandWork> {
  const { run, self: peer, offer, roster } = member
  const step = command.step as Step
  const peers = join(member.folder, 'peers.json')
  const hosts = parts.hosts()
  await writeFile(peers, peersFileOf({ run, self: peer, roster }, hosts))
  member.programs ??= parts.owner.programsOf(member)
  return {
    enter: member.programs.enterTyped(),
    ...{ run, peer, step, spec: offer.spec, peers, callsFolder: join(member.folder, 'calls') },
    servers: serversOf(offer.spec, roster, hosts),
    rank: roster.find(entry => entry.peer === peer)?.rank ?? 0,
    size: roster.length,
    folder: join(member.data, workloadFolder(step, member.name))
  }
}

function start({ member, parts, call }: PhaseContext, work: CommandWork, caller: WorkloadContext, signal: AbortSignal) {
  return runCommand(work, caller, { supervisor: parts.supervisor, calls: callsOf(member, parts, call), signal })
}
