/** Which revocations are in force, and which proofs they void. Pure. */
import type { Proof } from '../../../protocols/proof.ts'
import type { Revocation } from '../../../protocols/trust-entries.ts'

/** What an admin decided; the signature and the admin's proof are checked. */
export interface Decision<T> {
  value: T
  /** Peer id of the signer. */
  by: string
  /** The signer's proof; absent for the founder. */
  proof?: Proof
}

/** The revocation in force for each revoked id, of a peer or of an invitation. */
export type Revoked = Map<string, Decision<Revocation>>

/**
 * A revocation is in force unless its signer was revoked before it, by one in force. The result does not depend on the order
 * of arrival, so all peers that know the same revocations agree.
 */
export function effectiveRevocations(mesh: string, all: Decision<Revocation>[]): Revoked {
  const revoked: Revoked = new Map()
  const inOrder = [...all].sort((a, b) => a.value.at - b.value.at || (keyOf(a) < keyOf(b) ? -1 : 1))
  for (const each of inOrder) {
    const { target } = each.value
    if (target !== mesh && !revoked.has(target) && revocationOf(revoked, each.proof) == null) revoked.set(target, each)
  }
  return revoked
}

/** @returns the revocation that voids a proof: of its peer, of an admin in its chain, or of an invitation in its chain */
export function revocationOf(revoked: Revoked, proof: Proof | undefined): Decision<Revocation> | undefined {
  if (proof == null) return undefined
  for (const each of [proof.peer, ...proof.issuers, ...proof.invitations]) {
    const found = revoked.get(each)
    if (found != null) return found
  }
  return undefined
}

const keyOf = ({ by, value: { target, reason = '' } }: Decision<Revocation>) => `${by} ${target} ${reason}`
