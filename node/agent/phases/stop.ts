/** The phase `stop`: workloads that still run are stopped, then transient tools. */
import { cleanLine } from '../../../protocols/clean-line.ts'
import type { Cost } from '../../../protocols/cost.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import type { InstanceResult } from '../../../protocols/phase.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import type { Verdict } from '../../../protocols/verdict.ts'
import { interruptedResults } from '../../work/workloads/member-work.ts'
import { clockWarnings } from '../clock-warnings.ts'
import { doAfter } from '../gauging.ts'
import type { MemberState } from '../member-state.ts'
import { between, type UsageSnapshot } from '../usage.ts'
import type { PhaseHandler, PhaseParts } from './phase.ts'

/** A workload has so long to end by the signal that stops it where the run is over here, ms. */
export const HURRIED_MS = 3_000

/** Stops servers and what `stop` cut short, then the tools; what they say of data that is not there travels with the answer, and what watching cost. */
export const stop: PhaseHandler = async ({ member, parts }) => {
  const observed = cost(member, parts.usage())
  const { missing, warnings, workloads } = await stopTools(member)
  if (member.interrupted) {
    member.interrupted = false
    // those that were answered for before have their result already
    workloads.push(...interruptedResults(member.offer.spec, member.workloads, ['client', 'server']))
    const reason = 'the daemon was restarted: its tools ended then'
    missing.unshift(...member.tools.map(({ tool: what }) => ({ kind: 'tool' as const, what, reason })))
  }
  const around = await doAfter(member, parts.gauges)
  return {
    ...{ missing, workloads, observed, gauge: around.gauge },
    warnings: [...clockWarnings(member), ...warnings, ...around.warnings]
  }
}

/** @returns nothing after a restart of the daemon */
function cost(member: MemberState, now: UsageSnapshot): Cost | undefined {
  const { usageAtStart, started } = member
  member.usageAtStart = undefined
  const groups = started.map(({ running }) => running.group).filter(group => group != null)
  return usageAtStart == null ? undefined : between(usageAtStart, now, groups)
}

interface StoppedHere {
  missing: Missing[]
  warnings: string[]
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
  const ended = (await work?.end(graceMs)) ?? { workloads: [], missing: [], warnings: [] }
  const started = member.started
  member.started = []
  const stopped = await Promise.all(
    started.map(async ({ tool, running }) => {
      const missing = (await running.stop()).map((reason): Missing => ({ kind: 'tool', what: tool, reason }))
      return { missing, warnings: (running.remarks ?? []).map(remark => `${tool}: ${remark}`) }
    })
  )
  const { programs } = member
  member.programs = undefined
  const left = (await programs?.end()) ?? []
  return {
    missing: [...ended.missing, ...stopped.flatMap(({ missing }) => missing)],
    warnings: [...ended.warnings, ...stopped.flatMap(({ warnings }) => warnings), ...leftInWords(left)],
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
