import type { Member } from '../member.ts'
import type { PhaseHandler } from './phase.ts'

/** Stops the tools; what they said on the way out travels as warnings. */
export const stop: PhaseHandler = async ({ member }) => {
  const warnings = await stopTools(member)
  if (member.interrupted) {
    member.interrupted = false
    warnings.unshift('the daemon was restarted: its tools ended then')
  }
  return { warnings }
}

/** @returns warnings, each with the name of its tool; nothing runs any more, whatever they say */
export async function stopTools(member: Member): Promise<string[]> {
  const started = member.started
  member.started = []
  const warnings = await Promise.all(
    started.map(async ({ tool, running }) => (await running.stop()).map(warning => `${tool}: ${warning}`))
  )
  return warnings.flat().slice(0, 64)
}
