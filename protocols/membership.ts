/**
 * Who belongs to a mesh, and as what. The mesh id is the peer id of its founder, who is an admin and needs no proof. An admin
 * signs *invitations*; an invitation has a key of its own, and whoever holds that key accepts for a peer, offline. Before the
 * invitation runs out an admin gives the peer a *membership* instead. A *proof* is a chain of such links: that of the peer
 * itself first, then that of the admin who signed it, up to one that the founder signed.
 */
import * as v from 'valibot'
import { encode } from './codec.ts'
import { envelope, type Signer, type Subject, seal } from './envelope.ts'
import { bytes, count, instant, list, name, peerId } from './fields.ts'

/** An agent obeys, a controller may also start runs, an admin may also invite and revoke. */
export const ROLES = ['agent', 'controller', 'admin'] as const
export type Role = (typeof ROLES)[number]
export const role = v.picklist(ROLES)

/** Longest chain from a peer to the founder. */
export const MAX_CHAIN = 4
/** Largest proof, bytes. */
export const MAX_PROOF = 4096
/** How often an invitation can be used, at most, where it says a number at all. */
export const MAX_USES = 10_000

/** A proof as it travels: CBOR of its links. */
export const proofBytes = bytes(MAX_PROOF)

/** Sealed by an admin. */
export const invitation = v.object({
  mesh: peerId,
  /** Id of the invitation's own key. */
  id: peerId,
  role,
  name: v.optional(name),
  /** Peers that may come by it; any number where it is not said. */
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

/** Sealed by an admin: what a peer gets in place of its invitation or of an earlier membership. */
export const membership = v.object({
  mesh: peerId,
  peer: peerId,
  role,
  /** The invitation by which the peer came, so that it can still be revoked. */
  invitation: v.optional(peerId),
  /** What that invitation is called. */
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

/** @param via the links of the admin that signed; none if that is the founder */
export const writeProof = (leaf: Link, via: Link[] = []): Uint8Array => encode([leaf, ...via])

/** Accepts an invitation for a peer, with the invitation's own key. */
export function accept(peer: string, at: number, invitationKey: Signer) {
  return seal(acceptanceSubject, { peer, at }, invitationKey)
}

/** An admin as it signs. */
export interface Issuer extends Signer {
  mesh: string
  /** Its own proof; none for the founder. */
  links: Link[]
  /** When its own proof runs out, ms since 1970; never for the founder. */
  expires: number
}
