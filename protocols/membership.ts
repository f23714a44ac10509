/**
 * Proofs of membership. The mesh id is the peer id of the founder, which is an admin and needs no proof. An admin signs *invitations*; an
 * invitation has a key of its own, and the holder of that key accepts it for a peer, offline. Before the invitation expires an admin issues
 * a *membership* instead. A *proof* is a chain of such links: the link of the peer itself first, then that of the admin that signed it, up
 * to one that the founder signed.
 */
import * as v from 'valibot'
import { encode } from './codec.ts'
import { envelope, type Signer, type Subject, seal } from './envelope.ts'
import { bytes, count, instant, list, name, peerId } from './fields.ts'

/** An agent takes part in runs, a controller may also start them, an admin may also invite and revoke. */
export const ROLES = ['agent', 'controller', 'admin'] as const
export type Role = (typeof ROLES)[number]
export const role = v.picklist(ROLES)

/** Links in a proof, at most. */
export const MAX_CHAIN = 4
/** Size of a proof, at most. */
export const MAX_PROOF_BYTES = 4096
/** The largest number of uses that an invitation may be limited to. */
export const MAX_USES = 10_000

/** A proof on the wire: CBOR of its links. */
export const proofBytes = bytes(MAX_PROOF_BYTES)

/** Sealed by an admin. */
export const invitation = v.object({
  mesh: peerId,
  /** The id of the invitation's own key. */
  id: peerId,
  role,
  name: v.optional(name),
  /** How many peers may use it; any number if absent. */
  uses: v.optional(v.pipe(count, v.minValue(1), v.maxValue(MAX_USES))),
  issued: instant,
  expires: instant
})
export type Invitation = v.InferOutput<typeof invitation>
export const invitationSubject: Subject<Invitation> = { name: 'invitation', schema: invitation }

/** Sealed by the invitation's own key. */
export const acceptance = v.object({ peer: peerId, at: instant })
export type Acceptance = v.InferOutput<typeof acceptance>
export const acceptanceSubject: Subject<Acceptance> = { name: 'acceptance', schema: acceptance }

/** Sealed by an admin; replaces the invitation of a peer, or its earlier membership. */
export const membership = v.object({
  mesh: peerId,
  peer: peerId,
  role,
  /** The invitation that the peer used, so that its revocation still counts. */
  invitation: v.optional(peerId),
  /** The name of that invitation. */
  name: v.optional(name),
  issued: instant,
  expires: instant
})
export type Membership = v.InferOutput<typeof membership>
export const membershipSubject: Subject<Membership> = { name: 'membership', schema: membership }

const byInvitation = v.object({ invitation: envelope, acceptance: envelope })
const byMembership = v.object({ membership: envelope })
export const link = v.union([byInvitation, byMembership])
export type Link = v.InferOutput<typeof link>
export const links = v.pipe(list(link, MAX_CHAIN), v.minLength(1))

/** @param via the links of the admin that signed; empty for the founder */
export const writeProof = (leaf: Link, via: Link[] = []): Uint8Array => encode([leaf, ...via])

/** Accepts an invitation for a peer, with the invitation's own key. */
export function accept(peer: string, at: number, invitationKey: Signer) {
  return seal(acceptanceSubject, { peer, at }, invitationKey)
}

/** An admin that signs. */
export interface Issuer extends Signer {
  mesh: string
  /** The links of its own proof; empty for the founder. */
  links: Link[]
  /** When its own proof expires, ms since 1970; infinite for the founder. */
  expires: number
}
