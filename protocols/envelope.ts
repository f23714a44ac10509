/**
 * Signed messages: the exact bytes of a message, the peer that signed them, and its signature. The signature is over
 * `bak:<subject>\0` followed by the bytes, so that an ack cannot be used as a command.
 */
import type { KeyObject } from 'node:crypto'
import * as v from 'valibot'
import { decode, encode, type Schema } from './codec.ts'
import { BakError } from './errors.ts'
import { bytes, peerId, signature } from './fields.ts'
import { sign, verify } from './identity.ts'

/** Largest signed message, bytes: enough for a manifest of 10,000 members or a certificate with all their acks. */
export const MAX_ENVELOPE_BODY_BYTES = 8 * 1024 * 1024

export const envelope = v.object({ by: peerId, body: bytes(MAX_ENVELOPE_BODY_BYTES), signature })
export type Envelope = v.InferOutput<typeof envelope>

/** One kind of signed message. */
export interface Subject<T> {
  name: string
  schema: Schema<T>
}

export interface Signer {
  peer: string
  key: KeyObject
}

/** A message whose signature was verified. */
export interface Signed<T> {
  by: string
  value: T
  envelope: Envelope
}

export function seal<T>(subject: Subject<T>, value: T, signer: Signer): Envelope {
  const body = encode(value)
  return { by: signer.peer, body, signature: sign(signer.key, framed(subject.name, body)) }
}

/** @throws {BakError} `bad-signature` or `bad-message` */
export function open<T>(subject: Subject<T>, sealed: Envelope): Signed<T> {
  if (!verify(sealed.by, framed(subject.name, sealed.body), sealed.signature)) {
    throw new BakError('bad-signature', `the signature of ${sealed.by} on this ${subject.name} is wrong`)
  }
  return { by: sealed.by, value: decode(subject.schema, sealed.body), envelope: sealed }
}

/** Reads a message without its signature: one that was verified before, or that this peer signed itself. */
export function peek<T>(subject: Subject<T>, sealed: Envelope): T {
  return decode(subject.schema, sealed.body)
}

function framed(subject: string, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`bak:${subject}\0`), body])
}
