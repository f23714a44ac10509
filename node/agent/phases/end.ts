/** The phase `end`: persistent tools stop, and clock and path are measured again. */
import { clockWarnings } from '../clock-warnings.ts'
import { measureAgain, pathNow } from './compare-clocks.ts'
import type { PhaseHandler } from './phase.ts'
import { stopTools } from './stop.ts'

/** Persistent tools stop here, and the clock is measured again: two distances make a drift. So is the path. */
export const end: PhaseHandler = async context => {
  const { member } = context
  const stopped = await stopTools(member)
  const { missing } = stopped
  const warnings = [...clockWarnings(member), ...stopped.warnings]
  const why = await measureAgain(context)
  // first, as there may be more warnings than an acknowledgement has room for
  if (why != null) return { missing, warnings: [why, ...warnings] }
  return { missing, warnings, clock: member.clock, path: pathNow(context) }
}
