/** The phase `terminate`: whatever still runs stops, the owner's hooks of the end run, and all data that is left is sent. */
import { deliverRest } from './deliver.ts'
import type { PhaseHandler } from './phase.ts'
import { endHere } from './stop.ts'

/** Stops whatever still runs and hands over whatever was not sent; the agent then drops the run. */
export const terminate: PhaseHandler = async context => {
  const { member, parts, command } = context
  const { missing, warnings } = await endHere(member, parts, { verdict: command.verdict })
  const { produced, warnings: left } = await deliverRest(context)
  return { produced, missing, warnings: [...warnings, ...left] }
}
