/**
 * Calls of workloads that concern others, between a member and the controller on the run stream: the member sends a `call` for each and gets
 * one answer to it. They are numbered within a session, which begins with the daemon of the member. After a break the member says which calls
 * it still waits for (`calls`), and sends each of them again; the controller counts each once, and lets go of those that are not named.
 * What a workload itself says to its socket is another protocol: workload-socket.ts.
 */
import * as v from 'valibot'
import { bytes, count, instant, list, milliseconds, name, text } from './fields.ts'
import { step } from './phase.ts'

/** Of one value: of a key, or of a message. */
export const MAX_VALUE_BYTES = 64 * 1024
/** Calls of all instances of one member that wait for an answer. */
export const MAX_CALLS = 256
/** Of them and of instances that have ended, which are told in any case. */
export const MAX_NAMED_CALLS = 1024
/** Answers in one message, and messages of a topic in one answer. */
export const MAX_ANSWERS = 64
/** Instances that an answer names as missing. */
export const MAX_MISSING = 64

/** The name that a lone command has among the workloads of a run. */
export const COMMAND = 'command'

const session = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'not a session'))
const value = bytes(MAX_VALUE_BYTES)

/** A `timeout` is in ms; 0 is for ever. */
export const callBody = v.variant('call', [
  /** Waits until all instances of the group have called it, or `count` of them. Without a group it is of those of the caller's workload. */
  v.object({
    call: v.literal('barrier'),
    name,
    group: v.optional(name),
    count: v.optional(v.pipe(count, v.minValue(1))),
    timeout: milliseconds
  }),
  v.object({ call: v.literal('publish'), name, value }),
  /** Waits for messages of a topic, from this number on; the first is 1. */
  v.object({ call: v.literal('messages'), name, from: v.pipe(count, v.minValue(1)), timeout: milliseconds }),
  v.object({ call: v.literal('put'), key: name, value }),
  /** Waits until the key has a value. */
  v.object({ call: v.literal('get'), key: name, timeout: milliseconds }),
  /** A window begins or ends, on the controller's clock, whose error is `bound` at most. */
  v.object({
    call: v.literal('period'),
    name,
    edge: v.picklist(['begin', 'end']),
    when: instant,
    bound: milliseconds
  }),
  /** The instance has ended: it calls nothing any more. */
  v.object({ call: v.literal('end') })
])
export type CallBody = v.InferOutput<typeof callBody>

/** Which instance calls, and in which sample. */
export const caller = v.object({ step, workload: name, instance: count })
export type CallOrigin = v.InferOutput<typeof caller>

export const callAnswer = v.object({
  /** As the exit status of the command: done, missing or too late, wrongly called, no such run or sample, too much at once. */
  status: v.picklist([0, 1, 64, 69, 75]),
  /** Why it failed. */
  reason: v.optional(text),
  /** The instances that did not come to a barrier. */
  missing: v.optional(list(text, MAX_MISSING)),
  /** The round of a barrier; of `publish` the number of its message, of `messages` that of the first. */
  number: v.optional(count),
  /** Instances that left a barrier together. */
  size: v.optional(count),
  value: v.optional(value),
  /** Each with the instance that published it. */
  messages: v.optional(list(v.object({ from: text, value }), MAX_ANSWERS))
})
export type CallAnswer = v.InferOutput<typeof callAnswer>

export const callFromMember = v.object({ type: v.literal('call'), session, id: count, from: caller, body: callBody })
export const callsFromMember = v.object({ type: v.literal('calls'), session, open: list(count, MAX_NAMED_CALLS) })
export const answersFromController = v.object({
  type: v.literal('answers'),
  session,
  answers: list(v.object({ id: count, answer: callAnswer }), MAX_ANSWERS)
})
export type CallMessage = v.InferOutput<typeof callFromMember> | v.InferOutput<typeof callsFromMember>
export type AnswersMessage = v.InferOutput<typeof answersFromController>
