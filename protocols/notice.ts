/**
 * What the whole mesh hears of the phases of a run that are over: how each ended, and under which digest its certificate lies
 * with the controller and with those that hold it beside that one. A certificate has an answer of every member in it; a notice
 * is a few hundred bytes, and one tells of many phases where they follow each other quickly.
 */
import * as v from 'valibot'
import type { Subject } from './envelope.ts'
import { count, digest, instant, list, MAX_PEERS, peerId, runId } from './fields.ts'
import { exclusion } from './manifest.ts'
import { phaseOutcome } from './phase.ts'

/** Phases that one notice tells of, and exclusions that it names of each. */
export const MAX_NOTICED = 64
export const MAX_NAMED_OUT = 256
/** Members that hold certificates beside the controller. */
export const MAX_HOLDERS = 8

export const closedPhase = v.object({
  ...phaseOutcome,
  /** Answers that said ok. */
  ok: count,
  /** Members that are out of the run since this phase; the first of them where they are very many. */
  excluded: list(exclusion, MAX_NAMED_OUT),
  closed: instant,
  /** Of its certificate. */
  certificate: digest
})
export type ClosedPhase = v.InferOutput<typeof closedPhase>

export const notice = v.object({
  run: runId,
  epoch: count,
  phases: list(closedPhase, MAX_NOTICED),
  /** With join: who takes part. */
  members: v.optional(list(peerId, MAX_PEERS)),
  holders: list(peerId, MAX_HOLDERS),
  /** The controller is connected with every peer of the mesh: a peer that gets the notice from its signer need not pass it on. */
  oneHop: v.optional(v.literal(true))
})
export type Notice = v.InferOutput<typeof notice>
export const noticeSubject: Subject<Notice> = { name: 'notice', schema: notice }
