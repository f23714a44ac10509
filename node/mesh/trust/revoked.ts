/** Which revocations count, and whom they hit. Knows nothing of networks or clocks. */
import type { Proof } from '../../../protocols/proof.ts'
import type { Revocation } from '../../../protocols/trust.ts'

/** What an admin decided; the signature and the admin's proof are good. */
export interface Decision<T> {
  value: T
  /** Who signed it. */
  by: string
  /** The signer's proof; absent for the founder. */
  proof?: Proof
}

/** The revocation that counts for each peer and each invitation that is revoked. */
export type Revoked = Map<string, Decision<Revocation>>

/**
 * A revocation counts unless its signer was revoked before it, by one that counts. Whatever the order in which they arrive,
 * all peers that know the same come to the same result.
 */
export function countRevocations(mesh: string, all: Decision<Revocation>[]): Revoked {
  const revoked: Revoked = new Map()
  const inOrder = [...all].sort((a, b) => a.value.at - b.value.at || (keyOf(a) < keyOf(b) ? -1 : 1))
  for (const each of inOrder) {
    const { target } = each.value
    if (target !== mesh && !revoked.has(target) && hitBy(revoked, each.proof) == null) revoked.set(target, each)
  }
  return revoked
}

/** @returns the revocation that makes a proof void: of the peer, of an admin that it hangs on, or of an invitation */
export function hitBy(revoked: Revoked, proof: Proof | undefined): Decision<Revocation> | undefined {
  if (proof == null) return undefined
  for (const each of [proof.peer, ...proof.issuers, ...proof.invitations]) {
    const found = revoked.get(each)
    if (found != null) return found
  }
  return undefined
}

const keyOf = ({ by, value: { target, reason = '' } }: Decision<Revocation>) => `${by} ${target} ${reason}`
