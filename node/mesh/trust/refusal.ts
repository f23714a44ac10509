/** Reasons to refuse bytes that a peer shows as its proof but are none; `proof-registry.ts` refuses genuine proofs. Pure. */
import type { Refusal, RefusalCode } from '../../../protocols/admission.ts'
import { checkProof, OtherMesh, type Proof } from '../../../protocols/proof.ts'

const NEW_TICKET_HINT =
  'ask an admin of the mesh for a new ticket: bak-node invite there, then bak-node daemon join - here'

/** @returns a refusal that also says what mends it */
export const refusalOf = (code: RefusalCode, what: string): Refusal => ({ code, reason: `${what}; ${NEW_TICKET_HINT}` })

/** @returns the proof with its signatures checked, or why it is none; undefined for the founder, who needs none */
export function proofOrRefusal(mesh: string, peer: string, bytes: Uint8Array | undefined): Proof | Refusal | undefined {
  if (peer === mesh) return undefined
  if (bytes == null) return refusalOf('no-proof', 'it showed no proof that it was invited')
  try {
    const proof = checkProof(mesh, bytes)
    if (proof.peer === peer) return proof
    return refusalOf('bad-proof', `it showed the proof of another peer, ${proof.peer}`)
  } catch (cause) {
    const { message } = cause as Error
    return refusalOf(cause instanceof OtherMesh ? 'other-mesh' : 'bad-proof', `its proof is not valid: ${message}`)
  }
}
