/**
 * When the tools of a group run: from a line of the command's output that fits one regular expression to a line that fits another, each time that
 * there are such lines. Each such window is a sample of its own.
 */
import * as v from 'valibot'
import { count, instant, list, name } from './fields.ts'
import { pattern } from './spec-fields.ts'

export const trigger = v.strictObject({
  /** Of a line at which they start. */
  start: pattern,
  /** Of a later line at which they stop. */
  stop: pattern
})
export type Trigger = v.InferOutput<typeof trigger>

/** Registered for a group. */
export const groupTrigger = v.object({ group: name, ...trigger.entries })
export type GroupTrigger = v.InferOutput<typeof groupTrigger>

/** Groups that have one on one peer. */
export const MAX_TRIGGERS = 32
export const groupTriggers = list(groupTrigger, MAX_TRIGGERS)

/** @returns `from /begin/ to /end/` */
export const describeTrigger = ({ start, stop }: Trigger): string => `from /${start}/ to /${stop}/`

/** Windows of one group in a run: what its output says after that is named, and not measured. */
export const MAX_WINDOWS = 1_000

/** A line of the output at which the tools of a group start or stop. */
export const edge = v.object({
  group: name,
  what: v.picklist(['start', 'stop']),
  /** 1 .. n, of the window in its group. */
  sample: v.pipe(count, v.minValue(1), v.maxValue(MAX_WINDOWS)),
  /** When it was seen, on the controller's clock. */
  at: instant
})
export type Edge = v.InferOutput<typeof edge>

/** A window of a group: the sample of that number has what its tools wrote. */
export const triggeredWindow = v.object({
  group: name,
  sample: count,
  /** When the line was seen at which they were to start, and that at which they were to stop; left out where the command ended before. */
  start: instant,
  stop: v.optional(instant)
})
export type TriggeredWindow = v.InferOutput<typeof triggeredWindow>

/** @returns the windows that edges make, in the order in which they began */
export function windowsOf(edges: Edge[]): TriggeredWindow[] {
  const windows: TriggeredWindow[] = []
  for (const { group, what, sample, at } of edges) {
    if (what === 'start') windows.push({ group, sample, start: at })
    else {
      const window = windows.findLast(each => each.group === group && each.sample === sample)
      if (window != null) window.stop ??= at
    }
  }
  return windows
}
