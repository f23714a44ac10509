/** Makes what an admin signs: invitations and memberships. Neither lasts longer than the admin's own proof. */
import { generateKeyPairSync } from 'node:crypto'
import { type Envelope, seal } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { peerIdOf } from '../../../protocols/identity.ts'
import {
  type Invitation,
  type Issuer,
  invitationSubject,
  MAX_CHAIN,
  membershipSubject,
  type Role,
  writeProof
} from '../../../protocols/membership.ts'
import type { Proof } from '../../../protocols/proof.ts'

/** What an invitation allows. */
export interface InvitationTerms {
  role: Role
  /** Ms from now. */
  ttl: number
  uses?: number
  name?: string
}

export interface Issued {
  invitation: Invitation
  sealed: Envelope
  /** Seed of the invitation's key, 32 bytes. */
  key: Uint8Array
}

/** @throws {BakError} `not-allowed` where the chain to the founder would become too long */
export function issueInvitation(issuer: Issuer, { role, ttl, uses, name }: InvitationTerms, now: number): Issued {
  refuseLongChain(issuer)
  const { privateKey } = generateKeyPairSync('ed25519')
  const { d, x } = privateKey.export({ format: 'jwk' })
  const id = peerIdOf(Buffer.from(x as string, 'base64url'))
  const expires = Math.min(now + ttl, issuer.expires)
  const invitation: Invitation = { mesh: issuer.mesh, id, role, name, uses, issued: now, expires }
  const sealed = seal(invitationSubject, invitation, issuer)
  return { invitation, sealed, key: new Uint8Array(Buffer.from(d as string, 'base64url')) }
}

/**
 * A membership in place of the proof that a peer holds now. It lasts `life` ms, and at least as long as that proof, but never
 * longer than the proof of this admin.
 *
 * @throws {BakError} `not-allowed` where the chain to the founder would become too long
 */
export function issueMembership(issuer: Issuer, held: Proof, life: number, now: number): Uint8Array {
  refuseLongChain(issuer)
  const { peer, role, invitation, name } = held
  const expires = Math.min(Math.max(now + life, held.expires), issuer.expires)
  const value = { mesh: issuer.mesh, peer, role, invitation, name, issued: now, expires }
  return writeProof({ membership: seal(membershipSubject, value, issuer) }, issuer.links)
}

function refuseLongChain({ links }: Issuer): void {
  if (links.length < MAX_CHAIN) return
  throw new BakError(
    'not-allowed',
    `this peer is ${links.length} invitations away from the founder and may not invite further`
  )
}
