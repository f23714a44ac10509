/** Calls that plan, start, follow and cancel runs. */
import * as v from 'valibot'
import { runEvent } from '../events.ts'
import { count, list, name, peerId, runId, text } from '../fields.ts'
import { table } from '../free-keys.ts'
import { availability } from '../hello.ts'
import { assignment } from '../manifest.ts'
import { spec } from '../spec.ts'

/** A run id, a part of one, or `last`. */
export const runReference = v.pipe(v.string(), v.minLength(1), v.maxLength(64))

const plan = v.object({
  members: list(
    v.object({ peer: peerId, name, rank: count, tools: list(assignment, 256), missing: list(availability, 256) }),
    10_000
  ),
  needed: count,
  phases: list(text, 1_000_000),
  command: v.union([text, v.array(v.string())])
})
export type Plan = v.InferOutput<typeof plan>

const runRequest = v.strictObject({
  spec,
  directory: text,
  env: table(v.string(), v.string()),
  key: v.optional(text)
})
export type RunRequest = v.InferOutput<typeof runRequest>

export const runCalls = {
  /** What a run would do now; starts nothing. */
  plan: { request: v.strictObject({ spec }), response: plan },
  /** Starts a run: answers its id, then its events until it ends or the caller closes the connection. */
  run: { request: runRequest, response: v.union([v.object({ run: runId, existed: v.boolean() }), runEvent]) },
  /** The events of a run from number `from` to its end. */
  attach: { request: v.strictObject({ run: runReference, from: v.optional(count) }), response: runEvent },
  cancel: {
    request: v.strictObject({ run: runReference, reason: v.optional(text) }),
    response: v.object({
      run: runId,
      accepted: v.boolean(),
      /** Only the part of this peer has ended: the controller cannot be reached. */
      part: v.optional(v.literal(true))
    })
  }
} as const
