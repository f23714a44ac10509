/**
 * The first exchange of two peers on a new connection, once it is encrypted: each sends its proof, and each answers whether it
 * admits the other. One frame each way for either, so both sides know both verdicts.
 */
import * as v from 'valibot'
import { instant, text } from './fields.ts'
import { MAX_PROOF, proofBytes } from './membership.ts'

/** Largest frame, bytes. */
export const MAX_ADMISSION_FRAME = MAX_PROOF + 256

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
  at: instant
})
export type ProofFrame = v.InferOutput<typeof proofFrame>

export const verdictFrame = v.object({
  /** Absent for a peer that is admitted. */
  refused: v.optional(v.object({ code: v.fallback(v.picklist(REFUSALS), 'bad-proof'), reason: text }))
})
export type VerdictFrame = v.InferOutput<typeof verdictFrame>
