/** Streams of other peers: how many each opens, how many it has open, and how much of what it sent lies here unread. */
import type { Unread } from '../../../protocols/frames.ts'
import { MAX_STREAMS_OF_PEER, MAX_STREAMS_OF_PROTOCOL, MAX_UNREAD_OF_PEER, STREAMS } from './constants.ts'
import type { PeerScore } from './peer-score.ts'
import { TokenBuckets } from './token-buckets.ts'

interface Open {
  all: number
  byProtocol: Map<string, number>
  unread: number
}

export class StreamLimits {
  readonly #conduct: Pick<PeerScore, 'note'>
  readonly #now: () => number
  readonly #rates = new TokenBuckets(STREAMS)
  /** Peers that have a stream open. */
  readonly #open = new Map<string, Open>()

  constructor(conduct: Pick<PeerScore, 'note'>, now: () => number = () => performance.now()) {
    this.#conduct = conduct
    this.#now = now
  }

  /** @returns what is to be called when the stream has ended; undefined if it is one too many */
  admit(peer: string, protocol: string): (() => void) | undefined {
    const open = this.#open.get(peer) ?? { all: 0, byProtocol: new Map<string, number>(), unread: 0 }
    const ofProtocol = open.byProtocol.get(protocol) ?? 0
    const fits = open.all < MAX_STREAMS_OF_PEER && ofProtocol < MAX_STREAMS_OF_PROTOCOL
    if (!this.#rates.take(peer, this.#now()) || !fits) {
      this.#conduct.note(peer, 'too-many-streams')
      return undefined
    }
    open.all++
    open.byProtocol.set(protocol, ofProtocol + 1)
    this.#open.set(peer, open)
    let held = true
    return () => {
      if (held) this.#release(peer, protocol, open)
      held = false
    }
  }

  /** @returns what counts the bytes of a peer that wait to be read */
  unread(peer: string): Unread {
    return bytes => {
      const open = this.#open.get(peer)
      if (open == null) return true
      open.unread += bytes
      return open.unread <= MAX_UNREAD_OF_PEER
    }
  }

  /** Peers that have a stream open. */
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
