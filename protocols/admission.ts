/**
 * The first exchange of two peers on a new connection, once it is encrypted: each sends its proof, and each answers whether it
 * admits the other. One frame each way for either, so both sides know both verdicts.
 */
import * as v from 'valibot'
import { bytes, instant, text } from './fields.ts'
import { MAX_PROOF, proofBytes } from './membership.ts'

/** Largest frame, bytes. */
export const MAX_ADMISSION_FRAME = MAX_PROOF + 256

/** Bytes that each side contributes to the key of TLS. */
export const HALF_BYTES = 32

/** Why a peer is not admitted, for programs. A later version may know more. */
export const REFUSALS = [
  'no-proof',
  'bad-proof',
  'other-mesh',
  'expired',
  'revoked',
  'used-up',
  'old-secret',
  'wrong-secret',
  'other-peer',
  'gone',
  'too-slow',
  'no-tls',
  'cut-off'
] as const
export type RefusalCode = (typeof REFUSALS)[number]

/** Why a peer is not admitted, for programs and for people. */
export interface Refusal {
  code: RefusalCode
  reason: string
}

export const proofFrame = v.object({
  /** Absent for the founder. */
  proof: v.optional(proofBytes),
  /** The sender's clock, ms since 1970: a refusal of an expired proof names both clocks. */
  at: instant,
  /** Whether the connection has a socket of its own, which turns to TLS: both sides must say so, or neither. */
  turns: v.optional(v.boolean())
})
export type ProofFrame = v.InferOutput<typeof proofFrame>

export const verdictFrame = v.object({
  /** Absent for a peer that is admitted. */
  refused: v.optional(v.object({ code: v.fallback(v.picklist(REFUSALS), 'bad-proof'), reason: text })),
  /** Half of the key of TLS, sent where the connection turns and nothing was refused. */
  half: v.optional(v.pipe(bytes(HALF_BYTES), v.length(HALF_BYTES)))
})
export type VerdictFrame = v.InferOutput<typeof verdictFrame>
