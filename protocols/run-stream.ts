/**
 * The stream of one member in one run: opened by the member at `join`, kept until `terminate`, opened again when it breaks. The
 * member sends acknowledgements, clock questions, tools that ended early, how far it is with what is staged, what its workloads do, and their calls (`calls.ts`); the controller sends signs
 * that it is alive, contents that the next command names by digest, refusals, clock answers, answers to calls, and certificates to those members that keep
 * a copy. Commands do not travel here: they are published on topics (`phase.ts`). Calls come only from a workload that the controller's offer names, so
 * that a controller that does not know them never gets one.
 *
 * In a run with many members some members aggregate: those below them in the tree (`node/channels/tree.ts`) open the same stream to
 * their aggregator, which sends the acknowledgements of its subtree up in batches, each still signed by its member.
 */
import * as v from 'valibot'
import { answersFromController, callFromMember, callsFromMember } from './calls.ts'
import { envelope, MAX_ENVELOPE_BODY_BYTES } from './envelope.ts'
import { bytes, code, count, instant, list, peerId, runId, text } from './fields.ts'
import { missing } from './shortfall.ts'
import type { Protocol } from './stream.ts'
import { workState } from './work-state.ts'

/** Acknowledgements in one message, and bytes of it: one message is one frame, and smaller than what a member may send at once. */
export const MAX_BATCH_ACKS = 512
export const MAX_BATCH_BYTES = 192 * 1024
/** Bytes of content that the controller sends ahead of the command that names it; larger content is fetched by digest. */
export const MAX_CONTENT_BYTES = 1024 * 1024

const fromMember = v.variant('type', [
  v.object({ type: v.literal('open'), run: runId }),
  /** The member's own acknowledgement, or those of the members below it. */
  v.object({ type: v.literal('acks'), sealed: list(envelope, MAX_BATCH_ACKS) }),
  /** A tool ended while the workload runs; the answer to `stop` says it again, signed. */
  v.object({ type: v.literal('missing'), ...missing.entries }),
  /** Bytes of what is staged that are here, and in all: in the phase `stage`, about once a second. */
  v.object({ type: v.literal('staging'), done: count, total: count }),
  /** A workload of the member was started, is ready or has ended. */
  v.object({ type: v.literal('work'), ...workState.entries }),
  /** Asks for the receiver's clock; carries the sender's. */
  v.object({ type: v.literal('time'), asked: instant }),
  callFromMember,
  callsFromMember
])
const fromController = v.variant('type', [
  /** The controller is alive; sent when the stream opens and a few times in each lease. */
  v.object({ type: v.literal('lease') }),
  /** An offer or a manifest, before the command that names it. */
  v.object({ type: v.literal('content'), bytes: bytes(MAX_CONTENT_BYTES) }),
  /** A copy to keep for others, who know its digest. */
  v.object({ type: v.literal('certificate'), sealed: envelope }),
  /** The acknowledgement of the member `by` does not count. */
  v.object({ type: v.literal('refused'), by: peerId, seq: count, code, reason: text }),
  /** The clock of who answers, when it got the question and when it answers. */
  v.object({ type: v.literal('time'), asked: instant, heard: instant, answered: instant }),
  answersFromController
])
export type FromMember = v.InferOutput<typeof fromMember>
export type FromController = v.InferOutput<typeof fromController>

export const runStreamProtocol: Protocol<FromMember, FromController> = {
  id: '/bak/run/1.0.0',
  request: fromMember,
  response: fromController,
  timeout: Number.POSITIVE_INFINITY,
  // a certificate of thousands of members
  maxFrame: MAX_ENVELOPE_BODY_BYTES + 1024,
  maxRequest: 256 * 1024
}
