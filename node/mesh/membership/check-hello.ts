import { decode } from '../../../protocols/codec.ts'
import { type Envelope, open } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { helloMessage, lostSubject, type MemberRecord, memberSubject } from '../../../protocols/hello.ts'
import type { Proof } from '../../../protocols/proof.ts'
import { Ignored } from '../ignored.ts'
import { parseable } from '../reachability/addresses.ts'
import type { Authority } from '../trust/authority.ts'

/** A message on the topic `hello` whose signature is good. */
export type Hello = ({ type: 'record' } & CheckedRecord) | Report

export interface CheckedRecord {
  value: MemberRecord
  by: string
  sealed: Envelope
  /** None for the founder. */
  proof?: Proof
}

interface Report {
  type: 'lost'
  value: { peer: string; version: number }
  by: string
}

/** Checks proofs, and knows who is who. */
export type Checks = Pick<Authority, 'check' | 'roleOf'>

/**
 * @throws {BakError} `bad-message`, `bad-signature`; `not-allowed` for a record that another peer signed or whose proof is not
 * good; an `Ignored` for a report of somebody who is not known yet
 */
export function checkHello(bytes: Uint8Array, authority: Checks, claim: (signer: string) => void = () => {}): Hello {
  const { type, sealed } = decode(helloMessage, bytes)
  claim(sealed.by)
  if (type === 'record') return { type, ...openRecord(sealed, authority) }
  const { value, by } = open(lostSubject, sealed)
  if (authority.roleOf(by) == null) throw new Ignored('not-ready', `a report of ${by}, who is not known`)
  return { type, value, by }
}

/** @throws the same */
export function openRecord(sealed: Envelope, authority: Checks): CheckedRecord {
  const { value, by } = open(memberSubject, sealed)
  if (by !== value.peer) throw new BakError('not-allowed', `a record of ${value.peer} signed by ${by}`)
  const proof = authority.check(by, value.proof)
  return { value: { ...value, addresses: parseable(value.addresses) }, by, sealed, proof }
}
