import type { Admission } from '../trust/proof-exchange.ts'
import type { PeerScore } from './peer-score.ts'

/** Who is cut off is not let in, whatever its proof, and is told so. */
export function wellBehaved(conduct: Pick<PeerScore, 'refusal'>, admission: Admission): Admission {
  return {
    get ownProofBytes() {
      return admission.ownProofBytes
    },
    judge: (peer, shown, generation) => conduct.refusal(peer) ?? admission.judge(peer, shown, generation)
  }
}
