/** Which revocations count, and whom they hit. Knows nothing of networks or clocks. */
import type { Proof } from '../../../protocols/proof.ts'
import type { Revocation } from '../../../protocols/trust.ts'

/** A revocation whose signature and whose admin's proof are good. */
export interface SignedRevocation {
  value: Revocation
  /** Who signed it. */
  by: string
  /** The signer's proof; absent for the founder. */
  proof?: Proof
}

export interface Revoked {
  peers: Map<string, SignedRevocation>
  invitations: Map<string, SignedRevocation>
}

/**
 * A revocation counts unless its signer was revoked before it, by one that counts. Whatever the order in which they arrive,
 * all peers that know the same come to the same result.
 */
export function countRevocations(mesh: string, all: SignedRevocation[]): Revoked {
  const revoked: Revoked = { peers: new Map(), invitations: new Map() }
  const inOrder = [...all].sort((a, b) => a.value.at - b.value.at || (keyOf(a) < keyOf(b) ? -1 : 1))
  for (const each of inOrder) {
    const { kind, target } = each.value
    if (target === mesh || (each.proof != null && hitBy(revoked, each.proof) != null)) continue
    const targets = kind === 'peer' ? revoked.peers : revoked.invitations
    if (!targets.has(target)) targets.set(target, each)
  }
  return revoked
}

/** @returns the revocation that makes a proof void: of the peer, of its invitation, or of an admin that it hangs on */
export function hitBy(revoked: Revoked, { peer, issuers, invitations }: Proof): SignedRevocation | undefined {
  for (const each of [peer, ...issuers]) {
    const found = revoked.peers.get(each)
    if (found != null) return found
  }
  for (const each of invitations) {
    const found = revoked.invitations.get(each)
    if (found != null) return found
  }
  return undefined
}

const keyOf = ({ by, value }: SignedRevocation) => `${by} ${value.kind} ${value.target} ${value.reason ?? ''}`
