/** Gossipsub's own score of its neighbours: only faults count, since a bonus would hide them; silence is no fault. */
import { createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'
import type { PeerScore } from './peer-score.ts'

/** Half of a penalty for invalid messages is forgotten in a minute. */
const DECAY_PER_SECOND = 0.5 ** (1 / 60)
/** Broken promises and early grafts that a busy machine may come to; ten times the square of the rest counts. */
const TOLERATED_MISBEHAVIOUR = 6

const topic = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0,
  firstMessageDeliveriesWeight: 0,
  // the topics of a mesh are silent most of the time
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -1,
  invalidMessageDeliveriesDecay: DECAY_PER_SECOND
})

/**
 * A neighbour with four invalid messages gets no requests any more, with eight no messages, and from nine on its messages are ignored;
 * with ten its connections are closed by `PeerScore`, whose points have the same weight.
 */
export function scoreOf(topics: string[], peerScore: Pick<PeerScore, 'points'> | undefined) {
  return {
    topics: Object.fromEntries(topics.map(name => [name, topic])),
    appSpecificScore: (peer: string) => -(peerScore?.points(peer) ?? 0),
    appSpecificWeight: 1,
    behaviourPenaltyThreshold: TOLERATED_MISBEHAVIOUR,
    // more than ten peers behind one address are a lab, not an attack; by default their score is too low to publish
    IPColocationFactorWeight: 0
  }
}
