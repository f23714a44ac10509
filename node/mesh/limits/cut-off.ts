/** Keeps peers that are cut off out of the mesh. */
import type { Admission } from '../trust/proof-exchange.ts'
import type { PeerScore } from './peer-score.ts'

/** @returns an admission that refuses peers that are cut off, whatever their proof, and tells them the reason */
export function refuseCutOff(peerScore: Pick<PeerScore, 'refusal'>, admission: Admission): Admission {
  return {
    get ownProofBytes() {
      return admission.ownProofBytes
    },
    judge: (peer, shown, generation) => peerScore.refusal(peer) ?? admission.judge(peer, shown, generation)
  }
}
