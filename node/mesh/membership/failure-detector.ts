/**
 * Finds out that a peer is lost: its connection went, it did not come back by itself, and it cannot be dialled. What happens
 * then is the caller's to say.
 */
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'

/** A broken connection may come back by itself for this long, give or take half of it, ms. */
const GRACE = 1_000
/** A dial that a busy machine has not answered within this is no answer, ms; two relays may be tried in turn. */
const DIAL = 8_000

export interface FailureDetectorInit {
  /** Whether the peer is thought to be here, and is not connected. */
  isMissed(peer: string): boolean
  onLost(peer: string): void
}

export class FailureDetector {
  readonly #connectionManager: ConnectionManager
  readonly #init: FailureDetectorInit
  readonly #waiting = new Map<string, NodeJS.Timeout>()

  constructor(components: { connectionManager: ConnectionManager }, init: FailureDetectorInit) {
    this.#connectionManager = components.connectionManager
    this.#init = init
  }

  /** A connection of the peer went. */
  suspect(peer: string): void {
    if (this.#waiting.has(peer)) return
    const timer = setTimeout(() => void this.#probe(peer), GRACE * (0.5 + Math.random()))
    this.#waiting.set(peer, timer.unref())
  }

  stop(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }

  async #probe(peer: string): Promise<void> {
    try {
      if (!this.#init.isMissed(peer)) return
      await this.#connectionManager.openConnection(peerIdFromString(peer), { signal: AbortSignal.timeout(DIAL) })
    } catch {
      if (this.#waiting.has(peer) && this.#init.isMissed(peer)) this.#init.onLost(peer)
    } finally {
      this.#waiting.delete(peer)
    }
  }
}
