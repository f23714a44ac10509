/**
 * What a mesh decides together: who is revoked, and which secret is the newest. Both are signed by an admin and travel with
 * that admin's proof, on the topic `trust` and in a swap between two peers that connect, so that who was away learns them
 * too. A third kind, a use, tells that a peer came by an invitation that may be used so many times only.
 */
import * as v from 'valibot'
import { decode, encode } from './codec.ts'
import { digestOf } from './digest.ts'
import { envelope, peek, type Subject } from './envelope.ts'
import { BakError } from './errors.ts'
import { bytes, count, instant, list, peerId, text } from './fields.ts'
import { acceptanceSubject, invitationSubject, links, proofBytes } from './membership.ts'
import type { Protocol } from './stream.ts'

/** Sealed by an admin; good for ever. Nobody can revoke the founder. */
export const revocation = v.object({
  mesh: peerId,
  /** Id of a peer or of an invitation: no two of either have the same. */
  target: peerId,
  at: instant,
  reason: v.optional(text)
})
export type Revocation = v.InferOutput<typeof revocation>
export const revocationSubject: Subject<Revocation> = { name: 'revocation', schema: revocation }

/** Sealed by an admin. The higher generation wins. */
export const rotation = v.object({
  mesh: peerId,
  generation: count,
  secret: v.pipe(bytes(32), v.length(32)),
  issued: instant,
  /** Until then a peer that knows only an older secret is let in. */
  until: instant
})
export type Rotation = v.InferOutput<typeof rotation>
export const rotationSubject: Subject<Rotation> = { name: 'rotation', schema: rotation }

/** One decision, or one use, as it travels; `proof` is that of the admin who signed, absent for the founder. */
export const fact = v.variant('type', [
  v.object({ type: v.literal('revocation'), sealed: envelope, proof: v.optional(proofBytes) }),
  v.object({ type: v.literal('rotation'), sealed: envelope, proof: v.optional(proofBytes) }),
  v.object({ type: v.literal('use'), proof: proofBytes })
])
export type Fact = v.InferOutput<typeof fact>

/** What travels on the topic `trust`; gossip drops what is the same to the byte, so a repeat has a number. */
export const trustMessage = v.object({ fact, attempt: count })

/**
 * @returns what the same decision is called, whatever proof travels with it, and the same use, however often it was accepted:
 * 32 hex digits
 * @throws {BakError} `bad-message`
 */
export function factId(fact: Fact): string {
  return digestOf(
    encode(fact.type === 'use' ? useOf(fact.proof) : [fact.type, fact.sealed.by, fact.sealed.body])
  ).slice(0, 32)
}

function useOf(proof: Uint8Array): [invitation: string, peer: string] {
  const [leaf] = decode(links, proof)
  if (leaf == null || !('invitation' in leaf)) throw new BakError('bad-message', 'a use without an invitation')
  return [peek(invitationSubject, leaf.invitation).id, peek(acceptanceSubject, leaf.acceptance).peer]
}

/** What one peer knows, at most. */
export const MAX_REVOCATIONS = 10_000
export const MAX_ROTATIONS = 4
export const MAX_USES_KNOWN = 9_000
export const MAX_FACTS = MAX_REVOCATIONS + MAX_ROTATIONS + MAX_USES_KNOWN
/** Facts in one frame. */
export const FACTS_PER_FRAME = 256
const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))

/**
 * Two peers make what they know equal: the caller says what it has, the other gives what is missing, in portions, and says in
 * the last what it wants; the caller gives that.
 */
const swapRequest = v.variant('type', [
  v.object({ type: v.literal('have'), ids: list(id, MAX_FACTS) }),
  v.object({ type: v.literal('give'), facts: list(fact, FACTS_PER_FRAME) })
])
const swapResponse = v.object({ facts: list(fact, FACTS_PER_FRAME), want: list(id, MAX_FACTS) })
export type TrustRequest = v.InferOutput<typeof swapRequest>
export type TrustResponse = v.InferOutput<typeof swapResponse>

export const trustProtocol: Protocol<TrustRequest, TrustResponse> = {
  id: '/bak/trust/1.0.0',
  request: swapRequest,
  response: swapResponse,
  timeout: 10_000,
  maxFrame: 4 * 1024 * 1024
}

/** Asks an admin for a membership in place of the proof that the connection was let in by. */
export const renewProtocol: Protocol<Record<string, never>, { proof: Uint8Array }> = {
  id: '/bak/renew/1.0.0',
  request: v.strictObject({}) as unknown as Protocol<Record<string, never>, never>['request'],
  response: v.object({ proof: proofBytes }),
  timeout: 10_000,
  maxFrame: 16 * 1024
}
