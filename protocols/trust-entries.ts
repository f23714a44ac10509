/**
 * The trust entries of a mesh: revocations, rotations of the secret, and uses of invitations that may be used a limited number
 * of times. The first two are decisions, signed by an admin; they travel with that admin's proof. Entries are published on the
 * topic `trust`, and synced between two peers that connect, so that a peer that was away learns them too.
 */
import * as v from 'valibot'
import { decode, encode } from './codec.ts'
import { digestOf } from './digest.ts'
import { envelope, peek, type Subject } from './envelope.ts'
import { BakError } from './errors.ts'
import { bytes, count, instant, list, peerId, text } from './fields.ts'
import { acceptanceSubject, invitationSubject, links, proofBytes } from './membership.ts'
import type { Protocol } from './stream.ts'

/** Sealed by an admin; it never expires. The founder cannot be revoked. */
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
  /** Until then a peer that knows only an older secret is admitted. */
  until: instant
})
export type Rotation = v.InferOutput<typeof rotation>
export const rotationSubject: Subject<Rotation> = { name: 'rotation', schema: rotation }

/** One decision, or one use; `proof` of a decision is that of the admin who signed, absent for the founder. */
export const trustEntry = v.variant('type', [
  v.object({ type: v.literal('revocation'), sealed: envelope, proof: v.optional(proofBytes) }),
  v.object({ type: v.literal('rotation'), sealed: envelope, proof: v.optional(proofBytes) }),
  v.object({ type: v.literal('use'), proof: proofBytes })
])
export type TrustEntry = v.InferOutput<typeof trustEntry>

/** A message on the topic `trust`; gossip drops equal messages, so a repeat has another number. */
export const trustMessage = v.object({ entry: trustEntry, attempt: count })

/**
 * @returns 32 hex digits: equal for the same decision with another proof, and for the same use accepted again
 * @throws {BakError} `bad-message`
 */
export function trustEntryId(entry: TrustEntry): string {
  return digestOf(
    encode(entry.type === 'use' ? useOf(entry.proof) : [entry.type, entry.sealed.by, entry.sealed.body])
  ).slice(0, 32)
}

function useOf(proof: Uint8Array): [invitation: string, peer: string] {
  const [leaf] = decode(links, proof)
  if (leaf == null || !('invitation' in leaf)) throw new BakError('bad-message', 'a use without an invitation')
  return [peek(invitationSubject, leaf.invitation).id, peek(acceptanceSubject, leaf.acceptance).peer]
}

/** Entries that one peer keeps, at most. */
export const MAX_REVOCATIONS = 10_000
export const MAX_ROTATIONS = 4
export const MAX_USES_KNOWN = 9_000
/**
 * Uses of one invitation that are known beyond those that it allows: sides of a partition may have admitted different peers. Who holds a
 * ticket can accept it for any number of keys, and must not fill the list of all.
 */
export const MAX_SURPLUS_USES = 8
export const MAX_TRUST_ENTRIES = MAX_REVOCATIONS + MAX_ROTATIONS + MAX_USES_KNOWN
/** Entries in one frame. */
export const ENTRIES_PER_FRAME = 256
const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))

/**
 * Syncs the entries of two peers: the caller sends the ids that it has, the other sends what the caller lacks, in portions, and
 * in the last the ids that it wants; the caller sends those.
 */
const syncRequest = v.variant('type', [
  v.object({ type: v.literal('have'), ids: list(id, MAX_TRUST_ENTRIES) }),
  v.object({ type: v.literal('give'), entries: list(trustEntry, ENTRIES_PER_FRAME) })
])
const syncResponse = v.object({ entries: list(trustEntry, ENTRIES_PER_FRAME), want: list(id, MAX_TRUST_ENTRIES) })
export type TrustRequest = v.InferOutput<typeof syncRequest>
export type TrustResponse = v.InferOutput<typeof syncResponse>

export const trustProtocol: Protocol<TrustRequest, TrustResponse> = {
  id: '/bak/trust/1.0.0',
  request: syncRequest,
  response: syncResponse,
  timeout: 10_000,
  maxFrame: 4 * 1024 * 1024
}

/** Asks an admin for a membership in place of the proof by which the connection was admitted. */
export const renewProtocol: Protocol<Record<string, never>, { proof: Uint8Array }> = {
  id: '/bak/renew/1.0.0',
  request: v.strictObject({}) as unknown as Protocol<Record<string, never>, never>['request'],
  response: v.object({ proof: proofBytes }),
  timeout: 10_000,
  maxFrame: 16 * 1024
}
