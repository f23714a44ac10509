/** Checks what comes on the topic `hello`, and records that come in a sync: signature, proof and addresses. */
import { decode } from '../../../protocols/codec.ts'
import { type Envelope, open } from '../../../protocols/envelope.ts'
import { BakError, Ignored } from '../../../protocols/errors.ts'
import { helloMessage, lostSubject, type MemberRecord, memberSubject } from '../../../protocols/hello.ts'
import type { Proof } from '../../../protocols/proof.ts'
import { parseable } from '../reachability/addresses.ts'
import type { Authority } from '../trust/authority.ts'

/** A message on the topic `hello` with a valid signature. */
export type Hello = ({ type: 'record' } & CheckedRecord) | LostReport

export interface CheckedRecord {
  value: MemberRecord
  by: string
  sealed: Envelope
  /** Absent for the founder. */
  proof?: Proof
}

interface LostReport {
  type: 'lost'
  value: { peer: string; version: number }
  by: string
}

/** Checks proofs and knows the role of each peer. */
export type Checks = Pick<Authority, 'check' | 'roleOf'>

/**
 * @param claim called with the claimed signer before the signature is verified; may throw
 * @throws {BakError} `bad-message`, `bad-signature`; `not-allowed` for a record that another peer signed or whose proof is invalid;
 * an `Ignored` for a report from an unknown peer
 */
export function checkHello(bytes: Uint8Array, authority: Checks, claim: (signer: string) => void = () => {}): Hello {
  const { type, sealed } = decode(helloMessage, bytes)
  claim(sealed.by)
  if (type === 'record') return { type, ...openRecord(sealed, authority) }
  const { value, by } = open(lostSubject, sealed)
  if (authority.roleOf(by) == null) throw new Ignored('not-ready', `a report from ${by}, which is not known yet`)
  return { type, value, by }
}

/** @throws {BakError} `bad-message`, `bad-signature`, `not-allowed` */
export function openRecord(sealed: Envelope, authority: Checks): CheckedRecord {
  const { value, by } = open(memberSubject, sealed)
  if (by !== value.peer) throw new BakError('not-allowed', `a record of ${value.peer} signed by ${by}`)
  const proof = authority.check(by, value.proof)
  return { value: { ...value, addresses: parseable(value.addresses) }, by, sealed, proof }
}
