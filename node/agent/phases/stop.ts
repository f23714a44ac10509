/** The phase `stop`: workloads that still run are stopped, then transient tools. */
import { cleanLine } from '../../../protocols/clean-line.ts'
import type { Cost } from '../../../protocols/cost.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import type { InstanceResult } from '../../../protocols/phase.ts'
import type { Verdict } from '../../../protocols/verdict.ts'
import { interruptedResults } from '../../work/workloads/member-work.ts'
import { clockWarnings } from '../clock-warnings.ts'
import type { MemberState } from '../member-state.ts'
import { between, type UsageSnapshot } from '../usage.ts'
import { type CommandDone, endCommand } from './lone-command.ts'
import type { PhaseHandler, PhaseParts } from './phase.ts'
import { type StoppedTools, stopStarted } from './stop-started.ts'
import { stopGroups } from './windows.ts'

/** A workload has so long to end by the signal that stops it where the run is over here, ms. */
export const HURRIED_MS = 3_000

/** Stops servers and what `stop` cut short, then the tools; what they say of data that is not there travels with the answer, and what watching cost. */
export const stop: PhaseHandler = async ({ command, member, parts }) => {
  if (command.groups != null) return await stopGroups(member, command.groups)
  const observed = cost(member, parts.usage())
  const { missing, warnings, workloads, ...ended } = await stopTools(member)
  if (member.interrupted) {
    member.interrupted = false
    // those that were answered for before have their result already
    workloads.push(...interruptedResults(member.offer.spec, member.workloads, ['client', 'server']))
    const reason = 'the daemon was restarted: its tools ended then'
    missing.unshift(...member.tools.map(({ tool: what }) => ({ kind: 'tool' as const, what, reason })))
  }
  return { missing, warnings: [...clockWarnings(member), ...warnings], ...ended, workloads, observed }
}

/** @returns nothing after a restart of the daemon */
function cost(member: MemberState, now: UsageSnapshot): Cost | undefined {
  const { usageAtStart, started, toolTime } = member
  member.usageAtStart = undefined
  const groups = started.map(({ running }) => running.group).filter(group => group != null)
  if (usageAtStart == null) return undefined
  const used = between(usageAtStart, now, groups)
  return { ...used, tools: used.tools + toolTime }
}

interface StoppedHere extends StoppedTools, Partial<Omit<CommandDone, 'warnings' | 'missing'>> {
  /** Results of the workloads of the sample. */
  workloads: InstanceResult[]
}

/**
 * Nothing of the run is measured here any more: after its workloads and tools the hooks of the owner.
 * @param graceMs as of `stopTools`
 */
export async function endHere(
  member: MemberState,
  { hooks }: Pick<PhaseParts, 'hooks'>,
  { verdict, graceMs }: { verdict?: Verdict; graceMs?: number } = {}
): Promise<StoppedHere> {
  const stopped = await stopTools(member, graceMs)
  return { ...stopped, warnings: [...stopped.warnings, ...(await hooks.end(member, verdict))] }
}

/**
 * @param graceMs time for workloads to end by the signal that stops them; their own where it is left out
 * @returns what each tool did not measure as it was asked to, how workloads ended, and what is odd; nothing runs any more, whatever they say
 */
export async function stopTools(member: MemberState, graceMs?: number): Promise<StoppedHere> {
  const { work } = member
  member.work = undefined
  const lone = await endCommand(member)
  const ended = (await work?.end(graceMs)) ?? { workloads: [], missing: [], warnings: [] }
  const started = member.started
  member.started = []
  const stopped = await stopStarted(started)
  const { programs } = member
  member.programs = undefined
  const left = (await programs?.end()) ?? []
  const { missing = [], warnings = [], ...command } = lone
  return {
    ...command,
    missing: [...missing, ...ended.missing, ...stopped.missing],
    warnings: [...warnings, ...ended.warnings, ...stopped.warnings, ...leftInWords(left)],
    workloads: ended.workloads
  }
}

/** Names of one warning. */
const MAX_NAMES = 5

/** @param names of processes, of each as many as there were @returns a warning that they were killed; none where there were none */
export function leftInWords(names: string[]): string[] {
  if (names.length === 0) return []
  const counted = Map.groupBy(names, name => name)
  const kinds = [...counted].map(([name, { length }]) => `${cleanLine(name)}${length > 1 ? ` (${length})` : ''}`)
  return [`left running when its programs had ended, and killed: ${listInWords(kinds, MAX_NAMES)}`]
}
