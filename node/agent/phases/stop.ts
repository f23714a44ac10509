/** The phase `stop`: workloads that still run are stopped, then transient tools. */
import { cleanLine } from '../../../protocols/clean-line.ts'
import type { Cost } from '../../../protocols/cost.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import type { InstanceResult } from '../../../protocols/phase.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import { DRIVER } from '../../../protocols/tasks/task.ts'
import type { LoadAnswer } from '../../../protocols/tasks/task-answer.ts'
import type { Verdict } from '../../../protocols/verdict.ts'
import { processorTimesOf } from '../../processes/process-group.ts'
import { interruptedResults } from '../../work/workloads/member-work.ts'
import { clockWarnings } from '../clock-warnings.ts'
import { doAfter } from '../gauging.ts'
import type { MemberState } from '../member-state.ts'
import { dueTools } from '../running-tools/due-tools.ts'
import { endPersistent, interruptedTool, interruptedTools } from '../running-tools/persistent-tools.ts'
import type { StoppedTool } from '../running-tools/tool-run.ts'
import { between, groupsOf, type UsageSnapshot } from '../usage.ts'
import { type CommandDone, endCommand } from './lone-command.ts'
import type { PhaseHandler, PhaseParts } from './phase.ts'
import { stopGroups } from './windows.ts'

/** A workload has so long to end by the signal that stops it where the run is over here, ms. */
export const HURRIED_MS = 3_000

/**
 * Stops servers and what `stop` cut short, then the tools of the sample; what they say of data that is not there travels with the answer, and
 * what watching cost.
 */
export const stop: PhaseHandler = async ({ command, member, parts, leave, signal }) => {
  if (command.groups != null) return await stopGroups(member, command.groups)
  const observed = cost(member, parts.usage())
  const { missing, warnings, workloads, load, ...ended } = await stopSample(member)
  if (member.interrupted) {
    member.interrupted = false
    // those that were answered for before have their result already
    workloads.push(...interruptedResults(member.offer.spec, member.workloads, ['client', 'server']))
    missing.push(...interruptedLoad(member))
    const gone = [...dueTools(member).transient, ...interruptedTools(member)].map(each => interruptedTool(member, each))
    missing.unshift(...gone)
    const excluding = gone.find(({ ends }) => ends === 'member')
    if (excluding != null) leave(`${excluding.what}: ${excluding.reason}`)
  }
  const around = await doAfter(member, parts.gauges, signal)
  return {
    ...{ missing, ...ended, workloads, load, observed, gauge: around.gauge },
    warnings: [...clockWarnings(member), ...warnings, ...around.warnings]
  }
}

/** What a daemon that was killed knew of its clients is gone; what they had brought counts. */
const interruptedLoad = ({ load, offer: { candidates }, self }: MemberState): Missing[] =>
  load == null && candidates.some(each => each.peer === self && each.load != null)
    ? [{ kind: 'workload', what: DRIVER, reason: 'the daemon of this member was restarted: its clients ended then' }]
    : []

/** @returns nothing after a restart of the daemon */
function cost(member: MemberState, now: UsageSnapshot): Cost | undefined {
  const { usageAtStart, started, persistent, toolTime } = member
  member.usageAtStart = undefined
  if (usageAtStart == null) return undefined
  // of persistent tools only what they took since
  const since = processorTimesOf([...groupsOf(started), ...groupsOf(persistent)])
  const tools = [...since].reduce(
    (sum, [group, ms]) => sum + Math.max(0, ms - (usageAtStart.persistent.get(group) ?? 0)),
    // those of windows that are over
    toolTime
  )
  return between(usageAtStart, now, tools)
}

interface StoppedHere extends StoppedTool, Pick<CommandDone, 'workload' | 'edges'> {
  /** Results of the workloads of the sample. */
  workloads: InstanceResult[]
  /** Of its tasks. */
  load?: LoadAnswer | undefined
}

/**
 * Nothing of the run is measured here any more: after its workloads and tools the hooks of the owner.
 * @param graceMs as of `stopSample`
 */
export async function endHere(
  member: MemberState,
  { hooks }: Pick<PhaseParts, 'hooks'>,
  { verdict, graceMs }: { verdict?: Verdict; graceMs?: number } = {}
): Promise<StoppedHere> {
  const stopped = await stopAll(member, graceMs)
  return { ...stopped, warnings: [...stopped.warnings, ...(await hooks.end(member, verdict))] }
}

/** Persistent tools, too: nothing of the run runs here any more. @param graceMs as of `stopSample` */
export async function stopAll(member: MemberState, graceMs?: number): Promise<StoppedHere> {
  const { missing, warnings, workloads } = await stopSample(member, graceMs)
  const stopped = await endPersistent(member)
  const programs = member.persistentPrograms
  member.persistentPrograms = undefined
  const left = (await programs?.end()) ?? []
  return {
    missing: [...missing, ...stopped.missing],
    warnings: [...warnings, ...stopped.warnings, ...leftInWords(left)],
    workloads
  }
}

/**
 * @param graceMs time for workloads to end by the signal that stops them; their own where it is left out
 * @returns what each tool did not measure as it was asked to, how workloads ended, and what is odd; nothing of the sample runs any more,
 * whatever they say
 */
export async function stopSample(member: MemberState, graceMs?: number): Promise<StoppedHere> {
  const { work, load } = member
  member.work = undefined
  member.load = undefined
  const { missing = [], warnings = [], ...command } = await endCommand(member)
  // before the servers to which they send
  const measured = await load?.end(graceMs)
  const ended = (await work?.end(graceMs)) ?? { workloads: [], missing: [], warnings: [] }
  const started = member.started
  member.started = []
  const stopped = await Promise.all(started.map(each => each.stop()))
  const { programs } = member
  member.programs = undefined
  const left = (await programs?.end()) ?? []
  return {
    ...command,
    missing: [...missing, ...(measured?.missing ?? []), ...ended.missing, ...stopped.flatMap(each => each.missing)],
    warnings: [
      ...[...warnings, ...(measured?.warnings ?? []), ...ended.warnings],
      ...[...stopped.flatMap(each => each.warnings), ...leftInWords(left)]
    ],
    workloads: ended.workloads,
    load: measured?.load
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
