/** The phase `stop`: transient tools stop. */
import type { Cost } from '../../../protocols/cost.ts'
import { clockWarnings } from '../clock-warnings.ts'
import type { MemberState } from '../member-state.ts'
import { between, type UsageSnapshot } from '../usage.ts'
import type { PhaseHandler } from './phase.ts'

/** Stops the tools; what they said on the way out travels as warnings, and what watching cost with it. */
export const stop: PhaseHandler = async ({ member, parts }) => {
  const observed = cost(member, parts.usage())
  const warnings = [...clockWarnings(member), ...(await stopTools(member))].slice(0, 64)
  if (member.interrupted) {
    member.interrupted = false
    warnings.unshift('the daemon was restarted: its tools ended then')
  }
  return { warnings, observed }
}

/** @returns nothing after a restart of the daemon */
function cost(member: MemberState, now: UsageSnapshot): Cost | undefined {
  const { usageAtStart, started } = member
  member.usageAtStart = undefined
  const groups = started.map(({ running }) => running.group).filter(group => group != null)
  return usageAtStart == null ? undefined : between(usageAtStart, now, groups)
}

/** @returns warnings, each with the name of its tool; nothing runs any more, whatever they say */
export async function stopTools(member: MemberState): Promise<string[]> {
  const started = member.started
  member.started = []
  const warnings = await Promise.all(
    started.map(async ({ tool, running }) => (await running.stop()).map(warning => `${tool}: ${warning}`))
  )
  return warnings.flat().slice(0, 64)
}
