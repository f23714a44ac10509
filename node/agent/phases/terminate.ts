/** The phase `terminate`: whatever still runs stops, and all data that is left is sent. */
import { deliverRest } from './deliver.ts'
import type { PhaseHandler } from './phase.ts'
import { stopTools } from './stop.ts'

/** Stops whatever still runs and hands over whatever was not sent; the agent then drops the run. */
export const terminate: PhaseHandler = async context => {
  const { missing, warnings } = await stopTools(context.member)
  const { produced, warnings: left } = await deliverRest(context)
  return { produced, missing, warnings: [...warnings, ...left] }
}
