/**
 * When the tools of a group run: from a line of the command's output that fits one regular expression to a line that fits another, each time that
 * there are such lines. Each such window is a sample of its own.
 */
import * as v from 'valibot'
import { list, name } from './fields.ts'
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
