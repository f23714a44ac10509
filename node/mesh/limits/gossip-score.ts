/** What gossipsub thinks of its neighbours: nothing good is counted, since it would hide the bad, and nobody's silence is bad. */
import { createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'
import type { PeerScore } from './peer-score.ts'

/** Half of the messages that were not what they should be are forgotten in a minute. */
const DECAY = 0.5 ** (1 / 60)
/** Broken promises and early grafts that a busy machine may come to; each beyond counts ten times its square. */
const CARELESS = 6

const topic = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0,
  firstMessageDeliveriesWeight: 0,
  // topics of a mesh are silent most of the time
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -1,
  invalidMessageDeliveriesDecay: DECAY
})

/**
 * With four invalid messages a neighbour is asked for nothing more, with eight it is sent nothing more, with nine it is not
 * listened to; with ten its connections are closed, see `conduct.ts`, whose points weigh as much.
 */
export function scoreOf(topics: string[], conduct: Pick<PeerScore, 'points'> | undefined) {
  return {
    topics: Object.fromEntries(topics.map(name => [name, topic])),
    appSpecificScore: (peer: string) => -(conduct?.points(peer) ?? 0),
    appSpecificWeight: 1,
    behaviourPenaltyThreshold: CARELESS,
    // more than ten peers behind one address are a lab, not an attack; the default scores them below publishing
    IPColocationFactorWeight: 0
  }
}
