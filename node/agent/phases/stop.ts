/** The phase `stop`: transient tools stop. */
import type { Cost } from '../../../protocols/cost.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import type { Verdict } from '../../../protocols/verdict.ts'
import { clockWarnings } from '../clock-warnings.ts'
import type { MemberState } from '../member-state.ts'
import { between, type UsageSnapshot } from '../usage.ts'
import type { PhaseHandler, PhaseParts } from './phase.ts'

/** Stops the tools; what they say of data that is not there travels with the answer, and what watching cost. */
export const stop: PhaseHandler = async ({ member, parts }) => {
  const observed = cost(member, parts.usage())
  const { missing, warnings } = await stopTools(member)
  if (member.interrupted) {
    member.interrupted = false
    const reason = 'the daemon was restarted: its tools ended then'
    missing.unshift(...member.tools.map(({ tool: what }) => ({ kind: 'tool' as const, what, reason })))
  }
  return { missing, warnings: [...clockWarnings(member), ...warnings], observed }
}

/** @returns nothing after a restart of the daemon */
function cost(member: MemberState, now: UsageSnapshot): Cost | undefined {
  const { usageAtStart, started } = member
  member.usageAtStart = undefined
  const groups = started.map(({ running }) => running.group).filter(group => group != null)
  return usageAtStart == null ? undefined : between(usageAtStart, now, groups)
}

/** Nothing of the run is measured here any more: after its tools the hooks of the owner. */
export async function endHere(
  member: MemberState,
  { hooks }: Pick<PhaseParts, 'hooks'>,
  verdict?: Verdict
): ReturnType<typeof stopTools> {
  const { missing, warnings } = await stopTools(member)
  return { missing, warnings: [...warnings, ...(await hooks.end(member, verdict))] }
}

/** @returns what each tool did not measure as it was asked to, and what is odd; nothing runs any more, whatever they say */
export async function stopTools(member: MemberState): Promise<{ missing: Missing[]; warnings: string[] }> {
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
  await programs?.end()
  return {
    missing: stopped.flatMap(({ missing }) => missing),
    warnings: stopped.flatMap(({ warnings }) => warnings)
  }
}
