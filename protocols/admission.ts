/**
 * What two peers say to each other on a new connection before anything else, once it is encrypted: each shows its proof, and
 * each answers whether it lets the other in. One frame each way for either; both sides then know the same.
 */
import * as v from 'valibot'
import { bytes, instant, text } from './fields.ts'
import { MAX_PROOF, proofBytes } from './membership.ts'

/** Largest frame, bytes. */
export const MAX_ADMISSION_FRAME = MAX_PROOF + 256

/** Bytes that each side gives to the key of TLS. */
export const HALF_BYTES = 32

/** Why a peer is not let in, for programs. A later version may know more. */
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

/** Why a peer is not let in, for programs and for people. */
export interface Refusal {
  code: RefusalCode
  reason: string
}

export const shown = v.object({
  /** Absent for the founder. */
  proof: v.optional(proofBytes),
  /** The clock of who shows it, ms since 1970: where two clocks differ, both are told. */
  at: instant,
  /** Whether the connection has a socket of its own, which turns to TLS: both sides must say so, or neither. */
  turns: v.optional(v.boolean())
})
export type Shown = v.InferOutput<typeof shown>

export const verdict = v.object({
  /** Absent for a peer that is let in. */
  refused: v.optional(v.object({ code: v.fallback(v.picklist(REFUSALS), 'bad-proof'), reason: text })),
  /** Half of the key of TLS, given where the connection turns and nothing was refused. */
  half: v.optional(v.pipe(bytes(HALF_BYTES), v.length(HALF_BYTES)))
})
export type Verdict = v.InferOutput<typeof verdict>
