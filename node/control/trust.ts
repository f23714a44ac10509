/** Control calls about the membership of the mesh: tickets, revocations and rotations of the secret. */
import { randomInt } from 'node:crypto'
import * as v from 'valibot'
import type { CallInput, CallResponse } from '../../protocols/control.ts'
import { seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { peerId } from '../../protocols/fields.ts'
import { MAX_TICKET_ADDRESSES, writeTicket } from '../../protocols/ticket.ts'
import { type Revocation, type Rotation, revocationSubject, rotationSubject } from '../../protocols/trust-entries.ts'
import { findNamed, type Named } from '../mesh/trust/find.ts'
import { listInvitations } from '../mesh/trust/invitations.ts'
import { issueInvitation } from '../mesh/trust/issue.ts'
import { type MeshSecret, newSecret } from '../mesh/trust/mesh-secret.ts'
import { revocationOf } from '../mesh/trust/revoked.ts'
import type { Parts } from '../parts.ts'

const DAY_MS = 86_400_000
/**
 * A new generation is a random step of at most this above the last, so that two rotations at the same time in two halves of a
 * mesh get different numbers.
 */
const MAX_GENERATION_STEP = 1_000

export async function* invite(
  parts: Parts,
  { role = 'controller', ttl = DAY_MS, uses, name }: CallInput<'invite'>
): AsyncGenerator<CallResponse<'invite'>> {
  const issuer = issuerOf(parts)
  const addresses = parts.addresses().slice(0, MAX_TICKET_ADDRESSES)
  if (addresses.length === 0)
    throw new BakError('bad-config', 'this peer listens on no address, so a ticket could name none')
  const { invitation, sealed, key } = issueInvitation(issuer, { role, ttl, uses, name }, Date.now())
  const { generation, value: secret } = newestOf(parts)
  const via = issuer.links.length === 0 ? undefined : issuer.links
  const ticket = writeTicket({ invitation: sealed, key, via, generation, secret, addresses, from: issuer.peer })
  parts.authority.addInvitation(sealed)
  yield { ticket, invitation: invitation.id, role, expires: invitation.expires, name, uses }
}

export async function* invites(parts: Parts): AsyncGenerator<CallResponse<'invites'>> {
  const names = new Map(parts.members.list().map(({ peer, shown }) => [peer, shown]))
  const named = (peer: string) => ({ peer, name: names.get(peer) })
  yield {
    invitations: invitationsOf(parts).map(({ by, peers, ...each }) => ({
      ...each,
      by: by == null ? undefined : named(by),
      peers: peers.map(named)
    }))
  }
}

export async function* revoke(
  parts: Parts,
  { what, reason }: CallInput<'revoke'>
): AsyncGenerator<CallResponse<'revoke'>> {
  const issuer = issuerOf(parts)
  const { kind, id: target, name } = findRevocable(parts, what)
  if (target === issuer.mesh) throw new BakError('not-allowed', 'the founder of a mesh cannot be revoked')
  const value: Revocation = { mesh: issuer.mesh, target, at: Date.now(), reason }
  const { authority, members } = parts
  const names = new Map(members.list().map(({ peer, shown }) => [peer, shown]))
  const before = authority.proofRegistry.proofs()
  const invitation = authority.proofRegistry.proof(target)?.invitation
  parts.trustPublisher.decide({
    type: 'revocation',
    sealed: seal(revocationSubject, value, issuer),
    proof: authority.ownProofBytes
  })
  const dropped = before.filter(proof => revocationOf(authority.proofRegistry.revoked, proof) != null)
  const open = invitationsOf(parts).find(each => each.id === invitation && each.state === 'open')
  yield {
    ...{ kind, target, name },
    dropped: dropped.map(({ peer }) => ({ peer, name: names.get(peer) })),
    open: open && { id: open.id, name: open.name }
  }
}

export async function* rotate(
  parts: Parts,
  { grace = 7 * DAY_MS }: CallInput<'rotate'>
): AsyncGenerator<CallResponse<'rotate'>> {
  const issuer = issuerOf(parts)
  const { generation, value } = newSecret(newestOf(parts).generation + 1 + randomInt(MAX_GENERATION_STEP))
  const now = Date.now()
  const rotation: Rotation = { mesh: issuer.mesh, generation, secret: value, issued: now, until: now + grace }
  const proof = parts.authority.ownProofBytes
  parts.trustPublisher.decide({ type: 'rotation', sealed: seal(rotationSubject, rotation, issuer), proof })
  yield { generation, until: rotation.until }
}

/** @throws {BakError} `not-allowed`, naming who could */
function issuerOf({ authority, members, identity }: Parts) {
  const { issuer } = authority
  if (issuer != null) return issuer
  const role = authority.roleOf(identity.peer)
  const admins = members.list().filter(member => member.role === 'admin')
  const who = admins.length === 0 ? 'none is known here' : admins.map(({ shown }) => shown).join(', ')
  throw new BakError(
    'not-allowed',
    `this peer is ${role == null ? 'no longer admitted' : `here as ${role}`}; only an admin may do this: ${who}`
  )
}

function newestOf({ authority }: Parts): MeshSecret {
  const [newest] = authority.secrets
  if (newest == null) throw new BakError('bug', 'this peer knows no secret of its mesh')
  return newest
}

const invitationsOf = ({ authority, identity }: Parts) =>
  listInvitations(authority.proofRegistry, authority.issuedInvitations, identity.peer, Date.now())

/** A complete id is accepted even if this peer does not know it. */
function findRevocable(parts: Parts, what: string): Named {
  const invitations = invitationsOf(parts)
  const peers = parts.members
    .list()
    .map(({ peer, shown, name }): Named[] => [
      { kind: 'peer', id: peer, name: shown },
      ...(name === shown ? [] : [{ kind: 'peer' as const, id: peer, name }])
    ])
  const all: Named[] = [
    ...invitations.map(({ id, name }): Named => ({ kind: 'invitation', id, name })),
    ...peers.flat()
  ]
  if (!all.some(({ id }) => id === what) && v.is(peerId, what)) return { kind: 'peer', id: what }
  return findNamed(what, all)
}
