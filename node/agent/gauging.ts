/** Tools that do something before the instant of `start` and after all tools have stopped: when, and what the member tells of it. */
import { type Gauged, readingOf } from '../../protocols/gauge.ts'
import { turnsDuration } from '../clock/schedule.ts'
import { now } from '../now.ts'
import type { Tool, ToolContext } from '../tools/tool.ts'
import { pause } from '../wait.ts'
import type { GaugeHistory } from './gauge-history.ts'

/** Before the instant nothing of it is left that could delay a start, ms. */
const MARGIN_MS = 25
/** What was cut off has so long to be gone, ms. */
const LATE_MS = 15
/** Below this there is no sense in beginning, ms. */
const MIN_MS = 100
/** After the sample nobody waits for a start, ms. */
const AFTER_MS = 3_000

/** One tool around the sample that goes on. */
export interface Around {
  tool: Tool
  context: ToolContext
  before?: Gauged | undefined
}

/** What it uses of the state of a member. */
interface AroundMember {
  clock: { offset: number }
  roster: unknown[]
  around: Around[]
}

interface Told {
  gauge?: Gauged | undefined
  warnings: string[]
}

/**
 * Does what the tools in `member.around` have to do before the instant, and is over when the clocks are compared. A tool that is in several
 * groups does it once.
 * @param at the instant of `start` by the controller's clock; undefined where there is none
 */
export async function doBefore(member: AroundMember, at: number | undefined, history: GaugeHistory): Promise<Told> {
  const names = member.around.map(({ tool }) => tool.name)
  member.around = member.around.filter(({ tool }, i) => names.indexOf(tool.name) === i)
  const warnings: string[] = []
  for (const each of member.around) {
    const { name, before } = each.tool
    const left =
      at == null ? AFTER_MS : at - (now() - member.clock.offset) - turnsDuration(member.roster.length) - MARGIN_MS
    if (left < MIN_MS) {
      warnings.push(`${name}: nothing was timed before the sample: the command came too late for it`)
      continue
    }
    const signal = AbortSignal.any([each.context.signal, AbortSignal.timeout(Math.floor(left))])
    const began = performance.now()
    // a call to a disk that hangs cannot be ended: it is not waited for
    each.before = await Promise.race([
      before?.({ ...each.context, signal }),
      pause(left + LATE_MS).then(() => undefined)
    ])
    if (each.before?.reading == null) {
      const took = Math.round(each.before?.took ?? performance.now() - began)
      warnings.push(`${name}: cut off after ${took} ms: the machine is busy, or very slow`)
    }
  }
  return { gauge: await withUsual(member.around[0]?.before, history), warnings }
}

/** All tools have stopped. @param signal aborts when nobody waits for it any more */
export async function doAfter(member: AroundMember, history: GaugeHistory, signal: AbortSignal): Promise<Told> {
  const { around } = member
  member.around = []
  let gauge: Gauged | undefined
  for (const { tool, context, before } of around) {
    const after = await tool.after?.({ ...context, signal: AbortSignal.any([signal, AbortSignal.timeout(AFTER_MS)]) })
    if (after == null) continue
    gauge ??= await withUsual(after, history)
    const reading = readingOf({ before: before?.reading, after: after.reading })
    if (reading != null) await history.add(after.model, now(), reading)
  }
  return { gauge, warnings: [] }
}

const withUsual = async (told: Gauged | undefined, history: GaugeHistory): Promise<Gauged | undefined> =>
  told == null ? undefined : { ...told, usual: await history.usual(told.model) }
