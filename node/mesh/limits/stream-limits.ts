/** Limits the streams of each peer: how many it opens, how many are open, and how many of its bytes are unread. */
import type { Unread } from '../../../protocols/frames.ts'
import { MAX_STREAMS_OF_PEER, MAX_STREAMS_OF_PROTOCOL, MAX_UNREAD_BYTES_OF_PEER, STREAMS } from './constants.ts'
import type { PeerScore } from './peer-score.ts'
import { TokenBuckets } from './token-bucket.ts'

interface Open {
  all: number
  byProtocol: Map<string, number>
  unreadBytes: number
}

export class StreamLimits {
  readonly #peerScore: Pick<PeerScore, 'note'>
  readonly #now: () => number
  readonly #rates = new TokenBuckets(STREAMS)
  /** Peers with an open stream. */
  readonly #open = new Map<string, Open>()

  constructor(peerScore: Pick<PeerScore, 'note'>, now: () => number = () => performance.now()) {
    this.#peerScore = peerScore
    this.#now = now
  }

  /** @returns the function to call when the stream has ended; undefined if the stream is over a limit */
  admit(peer: string, protocol: string): (() => void) | undefined {
    const open = this.#open.get(peer) ?? { all: 0, byProtocol: new Map<string, number>(), unreadBytes: 0 }
    const ofProtocol = open.byProtocol.get(protocol) ?? 0
    const fits = open.all < MAX_STREAMS_OF_PEER && ofProtocol < MAX_STREAMS_OF_PROTOCOL
    if (!this.#rates.take(peer, this.#now()) || !fits) {
      this.#peerScore.note(peer, 'too-many-streams')
      return undefined
    }
    open.all++
    open.byProtocol.set(protocol, ofProtocol + 1)
    this.#open.set(peer, open)
    let isOpen = true
    return () => {
      if (isOpen) this.#release(peer, protocol, open)
      isOpen = false
    }
  }

  /** @returns the counter of a peer's unread bytes over all its streams; it answers false once there are too many */
  unread(peer: string): Unread {
    return bytes => {
      const open = this.#open.get(peer)
      if (open == null) return true
      open.unreadBytes += bytes
      return open.unreadBytes <= MAX_UNREAD_BYTES_OF_PEER
    }
  }

  /** Number of peers with an open stream. */
  get size(): number {
    return this.#open.size
  }

  #release(peer: string, protocol: string, open: Open): void {
    open.all--
    const left = (open.byProtocol.get(protocol) ?? 1) - 1
    if (left > 0) open.byProtocol.set(protocol, left)
    else open.byProtocol.delete(protocol)
    if (open.all === 0) this.#open.delete(peer)
  }
}
