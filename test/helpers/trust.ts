/** Meshes without daemons: founders, admins, invitations and proofs. */
import { type InvitationTerms, issueInvitation, issueMembership } from '../../node/mesh/trust/issue.ts'
import { newSecret } from '../../node/mesh/trust/mesh-secret.ts'
import type { Signer } from '../../protocols/envelope.ts'
import type { Issuer } from '../../protocols/membership.ts'
import { checkProof, type Proof } from '../../protocols/proof.ts'
import { acceptTicket, type Ticket } from '../../protocols/ticket.ts'
import { newSigner } from './streams.ts'

export const HOUR = 3_600_000
export const NOW = 1_795_383_015_000

export function founderOf(signer: Signer = newSigner()): Issuer {
  return { ...signer, mesh: signer.peer, links: [], expires: Number.POSITIVE_INFINITY }
}

/** @returns the admin with this proof, as it signs */
export function issuerOf(mesh: string, signer: Signer, { links, expires }: Proof): Issuer {
  return { ...signer, mesh, links, expires }
}

export function ticketOf(issuer: Issuer, terms: Partial<InvitationTerms> = {}, now = NOW): Ticket {
  const { sealed, key } = issueInvitation(issuer, { role: 'controller', ttl: HOUR, ...terms }, now)
  return {
    mesh: issuer.mesh,
    invitation: sealed,
    key,
    via: issuer.links.length === 0 ? undefined : issuer.links,
    generation: 1,
    secret: new Uint8Array(32).fill(0xa5),
    addresses: ['/ip4/192.0.2.7/tcp/4001'],
    from: issuer.peer
  }
}

export function proofOf(issuer: Issuer, peer: string, terms: Partial<InvitationTerms> = {}, now = NOW): Proof {
  return acceptTicket(ticketOf(issuer, terms, now), peer, now)
}

export function membershipOf(issuer: Issuer, held: Proof, life = 30 * 24 * HOUR, now = NOW): Proof {
  return checkProof(issuer.mesh, issueMembership(issuer, held, life, now))
}

/** A mesh with a founder and a secret of its own. */
export const newMesh = () => ({ founder: founderOf(), secret: newSecret() })
