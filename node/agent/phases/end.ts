/** The phase `end`: persistent tools stop, clock and path are measured again, and what the tools wrote is sent. */
import { clockWarnings } from '../clock-warnings.ts'
import { interruptedTool, interruptedTools } from '../running-tools/persistent-tools.ts'
import { makeMemberSeries } from '../series/member-series.ts'
import { measureAgain, pathNow } from './compare-clocks.ts'
import { deliverPersistent } from './deliver.ts'
import type { PhaseHandler } from './phase.ts'
import { stopAll } from './stop.ts'

/** Persistent tools stop here, and the clock is measured again before others send: two distances make a drift. So is the path. */
export const end: PhaseHandler = async context => {
  const { member } = context
  const lost = interruptedTools(member).map(each => interruptedTool(member, each))
  const stopped = await stopAll(member)
  const why = await measureAgain(context)
  const measured = why == null ? { clock: member.clock, path: pathNow(context) } : {}
  const series = await makeMemberSeries(member, undefined, context.parts, context.signal)
  const { produced, warnings: left } = await deliverPersistent(context)
  // first, as there may be more warnings than an acknowledgement has room for
  const odd = why == null ? [] : [why]
  const warnings = [...odd, ...clockWarnings(member), ...stopped.warnings, ...series, ...left]
  return { missing: [...lost, ...stopped.missing], warnings, produced, ...measured }
}
