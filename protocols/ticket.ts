/**
 * A ticket is all that a machine needs to join a mesh, in one string to copy: `bak1` and CBOR in base64url. It holds the
 * mesh id, the mesh secret with the number of its generation, and addresses of peers to dial. Whoever has it can join,
 * so it is to be kept like a password.
 */
import * as v from 'valibot'
import { decode, encode } from './codec.ts'
import { BakError } from './errors.ts'
import { bytes, count, list, multiaddress, peerId } from './fields.ts'

const PREFIX = 'bak1'

export const ticket = v.object({
  mesh: peerId,
  generation: count,
  secret: v.pipe(bytes(32), v.length(32)),
  addresses: v.pipe(list(multiaddress, 16), v.minLength(1, 'a ticket without an address')),
  /** The peer that wrote it: an address answered by another is not the way in. */
  from: peerId
})
export type Ticket = v.InferOutput<typeof ticket>

export function writeTicket(content: Ticket): string {
  return PREFIX + Buffer.from(encode(content)).toString('base64url')
}

/** @throws {BakError} `usage` if the text is not a whole ticket */
export function readTicket(text: string): Ticket {
  const trimmed = text.trim()
  const whole = trimmed.startsWith(PREFIX) && /^[A-Za-z0-9_-]+$/.test(trimmed)
  try {
    if (!whole) throw new BakError('bad-message', `it does not begin with ${PREFIX}`)
    return decode(ticket, Buffer.from(trimmed.slice(PREFIX.length), 'base64url'))
  } catch (cause) {
    throw new BakError('usage', `not a ticket, or not all of it: ${(cause as Error).message}`, { cause })
  }
}
