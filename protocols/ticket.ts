/**
 * A ticket is all that a machine needs to join a mesh, in one string to copy: an invitation with its private key, the mesh
 * secret with its generation, and addresses of peers to dial. The string is `bak1`, then base64url of the CBOR of these and a
 * checksum. Everybody who has it can join, so it is to be kept like a password.
 */
import { createHash, createPrivateKey } from 'node:crypto'
import * as v from 'valibot'
import { decode, encode } from './codec.ts'
import { envelope, peek, type Signer } from './envelope.ts'
import { BakError } from './errors.ts'
import { bytes, count, list, multiaddress, peerId } from './fields.ts'
import { accept, invitationSubject, type Link, links, writeProof } from './membership.ts'
import { checkProof, type Proof } from './proof.ts'

const PREFIX = 'bak1'
const CHECKSUM_BYTES = 4
/** Addresses in one ticket. */
export const MAX_TICKET_ADDRESSES = 16
/** What precedes an Ed25519 seed in PKCS #8; RFC 8410, section 7. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

const secret = v.pipe(bytes(32), v.length(32))

export const ticket = v.object({
  invitation: envelope,
  /** Seed of the invitation's private key. */
  key: secret,
  /** The chain of the admin who signed the invitation; absent if that is the founder. */
  via: v.optional(links),
  generation: count,
  secret,
  addresses: v.pipe(list(multiaddress, MAX_TICKET_ADDRESSES), v.minLength(1, 'a ticket without an address')),
  /** The peer that wrote it; it answers at the addresses without a peer id, and no other peer is dialled there. */
  from: peerId
})
export type TicketContent = v.InferOutput<typeof ticket>

export interface Ticket extends TicketContent {
  mesh: string
}

export function writeTicket({ invitation, key, via, generation, secret, addresses, from }: TicketContent): string {
  const shortened = addresses.map(address => address.replace(`/p2p/${from}`, ''))
  const body = encode({ invitation, key, via, generation, secret, addresses: shortened, from })
  return PREFIX + Buffer.concat([body, checksum(body)]).toString('base64url')
}

/** @throws {BakError} `usage` if the text is not a whole ticket */
export function readTicket(text: string): Ticket {
  const trimmed = text.trim()
  try {
    if (!trimmed.startsWith(PREFIX)) throw new BakError('bad-message', `it does not begin with ${PREFIX}`)
    if (/\s/.test(trimmed)) throw new BakError('bad-message', 'a space or a line break is in it')
    if (!/^[A-Za-z0-9_-]+$/.test(trimmed)) throw new BakError('bad-message', 'it has characters that no ticket has')
    const all = Buffer.from(trimmed.slice(PREFIX.length), 'base64url')
    const body = all.subarray(0, Math.max(0, all.length - CHECKSUM_BYTES))
    if (
      !checksum(body).equals(all.subarray(body.length)) ||
      all.toString('base64url') !== trimmed.slice(PREFIX.length)
    ) {
      throw new BakError('bad-message', 'a part is missing, or a character is wrong')
    }
    const content = decode(ticket, body)
    return { ...content, mesh: peek(invitationSubject, content.invitation).mesh }
  } catch (cause) {
    throw new BakError('usage', `not a complete ticket: ${(cause as Error).message}`, { cause })
  }
}

/**
 * Accepts the invitation of a ticket for a peer.
 * @throws {BakError} `usage` if no admin of its mesh signed it
 */
export function acceptTicket({ mesh, invitation, key, via }: Ticket, peer: string, now: number): Proof {
  const { id } = peek(invitationSubject, invitation)
  const leaf: Link = { invitation, acceptance: accept(peer, now, { peer: id, key: keyOf(key) }) }
  try {
    return checkProof(mesh, writeProof(leaf, via))
  } catch (cause) {
    throw new BakError('usage', `no admin of mesh ${mesh} signed this ticket: ${(cause as Error).message}`, { cause })
  }
}

/** @param seed 32 bytes */
const keyOf = (seed: Uint8Array): Signer['key'] =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })

const checksum = (body: Uint8Array): Buffer => createHash('sha256').update(body).digest().subarray(0, CHECKSUM_BYTES)
