import { decode } from '../../protocols/codec.ts'
import { type Envelope, open } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { helloMessage, lostSubject, type MemberRecord, memberSubject } from '../../protocols/hello.ts'

/** A message on the topic `hello` whose signature is good. */
export type Hello =
  | { type: 'record'; value: MemberRecord; by: string; sealed: Envelope }
  | { type: 'lost'; value: { peer: string; version: number }; by: string; sealed: Envelope }

/** @throws {BakError} `bad-message`, `bad-signature`, or `not-allowed` for a record that another peer signed */
export function checkHello(bytes: Uint8Array): Hello {
  const { type, sealed } = decode(helloMessage, bytes)
  if (type === 'lost') return { type, ...open(lostSubject, sealed), sealed }
  return { type, ...openRecord(sealed), sealed }
}

/** @throws the same */
export function openRecord(sealed: Envelope): { value: MemberRecord; by: string } {
  const { value, by } = open(memberSubject, sealed)
  if (by !== value.peer) throw new BakError('not-allowed', `a record of ${value.peer} signed by ${by}`)
  return { value, by }
}
