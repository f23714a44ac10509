/**
 * The proofs of membership of the peers that a run was offered to, as its controller knew them: with the mesh that a reader trusts they
 * show whose signatures those in the result are. Each proof is signed from the founder down, so this file needs no signature.
 */
import * as v from 'valibot'
import { list, MAX_PEERS, peerId } from './fields.ts'
import { proofBytes } from './membership.ts'
import { checkProof, endOfProof, type Proof, skewOf } from './proof.ts'

/** The founder has none. */
export const runProofs = v.object({ mesh: peerId, proofs: list(proofBytes, MAX_PEERS + 1) })
export type RunProofs = v.InferOutput<typeof runProofs>

/** @returns the valid ones of a mesh, by peer; of several the one that lasts longest */
export function validProofs(mesh: string, proofs: Uint8Array[]): Map<string, Proof> {
  const valid = new Map<string, Proof>()
  for (const bytes of proofs) {
    try {
      const proof = checkProof(mesh, bytes)
      if ((valid.get(proof.peer)?.expires ?? 0) < proof.expires) valid.set(proof.peer, proof)
    } catch {
      // it proves nothing
    }
  }
  return valid
}

/** @returns whether a proof held while a run went on, in which it may have been renewed; that it has run out since is no matter */
export const heldDuring = (proof: Proof, { created, ended = created }: { created: number; ended?: number }) =>
  proof.issued - skewOf(proof) <= Math.max(created, ended) && created <= endOfProof(proof)
