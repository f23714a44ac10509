/**
 * Gossipsub decodes and handles everything that a neighbour sends. Here what is over a neighbour's limit is dropped first: frames before they
 * are decoded, and the contents of a frame before they are handled.
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { PeerId } from '@libp2p/interface'
import { NEIGHBOUR, NEIGHBOUR_BYTES } from '../limits/constants.ts'
import type { PeerScore } from '../limits/peer-score.ts'
import { TokenBuckets } from '../limits/token-bucket.ts'

/** Ids in a control message that cost as much as one message. */
const IDS_OF_A_MESSAGE = 50

/** The parts of a message of gossipsub that are counted. */
interface Rpc {
  messages: unknown[]
  control?: Partial<Record<'ihave' | 'iwant' | 'idontwant', Array<{ messageIDs?: unknown[] }>>>
}

/** Private methods of gossipsub that read from a neighbour. */
interface GossipInternals {
  pipePeerReadStream(peer: PeerId, frames: AsyncIterable<Frame>): Promise<void>
  handleReceivedRpc(from: PeerId, rpc: Rpc): Promise<void>
}
interface Frame {
  byteLength: number
}

export class GossipLimiter {
  readonly #peerScore: Pick<PeerScore, 'note'>
  readonly #now: () => number
  readonly #frames = new TokenBuckets(NEIGHBOUR)
  readonly #bytes = new TokenBuckets(NEIGHBOUR_BYTES)

  constructor(peerScore: Pick<PeerScore, 'note'>, now: () => number = () => performance.now()) {
    this.#peerScore = peerScore
    this.#now = now
  }

  /** Limits what a gossipsub reads from its neighbours. */
  watch(pubsub: GossipSub): GossipSub {
    const inside = pubsub as unknown as GossipInternals
    const read = inside.pipePeerReadStream.bind(pubsub)
    const handle = inside.handleReceivedRpc.bind(pubsub)
    inside.pipePeerReadStream = (peer, frames) => read(peer, this.#admitted(peer.toString(), frames))
    inside.handleReceivedRpc = async (from, rpc) => {
      if (this.admits(from.toString(), costOf(rpc) - 1, 0)) await handle(from, rpc)
    }
    return pubsub
  }

  /** @returns whether a neighbour may send that much more; its peer score falls if not */
  admits(peer: string, messages: number, bytes: number): boolean {
    const now = this.#now()
    if (this.#frames.take(peer, now, messages) && this.#bytes.take(peer, now, bytes)) return true
    this.#peerScore.note(peer, 'too-much-gossip', Math.max(1, messages))
    return false
  }

  async *#admitted(peer: string, frames: AsyncIterable<Frame>): AsyncGenerator<Frame> {
    for await (const frame of frames) if (this.admits(peer, 1, frame.byteLength)) yield frame
  }
}

/** @returns what a frame costs, in messages; an empty frame costs one */
export function costOf({ messages, control = {} }: Rpc): number {
  const ids = [control.ihave, control.iwant, control.idontwant].flatMap(list => list ?? [])
  const asked = ids.reduce((sum, { messageIDs }) => sum + (messageIDs?.length ?? 0), 0)
  return Math.max(1, messages.length + Math.floor(asked / IDS_OF_A_MESSAGE))
}
