/** Keys that this peer gave out, each for one handshake with one peer, soon. */
import { randomBytes } from 'node:crypto'
import { KEY_BYTES, type Use } from '../../../protocols/bulk.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Line } from './lines.ts'

/** A key that nobody came with by then is good for nothing, ms. */
export const KEY_LIFE = 8_000
export const MAX_KEYS = 128
export const MAX_KEYS_OF_PEER = 4

export interface Key {
  id: string
  key: Buffer
  /** Whose it is. */
  peer: string
  /** Whether it is this peer that wants the connection. */
  calls: boolean
  use: Use
  /** What it was used for. */
  arrived: PromiseWithResolvers<Line>
}

export class Keys {
  /** Oldest first. */
  readonly #keys = new Map<string, Key & { until: number }>()
  readonly #now: () => number

  /** @param now ms, of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /**
   * @param calls whether it is this peer that wants the connection
   * @throws {BakError} `busy` while there are as many as may be
   */
  issue(peer: string, calls: boolean, use: Use): Key {
    this.#sweep()
    const ofPeer = [...this.#keys.values()].filter(each => each.peer === peer).length
    if (ofPeer >= MAX_KEYS_OF_PEER || this.#keys.size >= MAX_KEYS) {
      throw new BakError('busy', `${ofPeer} keys of ${peer} wait to be used, ${this.#keys.size} of all peers`)
    }
    const arrived = Promise.withResolvers<Line>()
    // often nobody waits for it
    arrived.promise.catch(() => {})
    const key = { id: randomBytes(16).toString('hex'), key: randomBytes(KEY_BYTES), peer, calls, use, arrived }
    this.#keys.set(key.id, { ...key, until: this.#now() + KEY_LIFE })
    return key
  }

  /** @returns the key of that name, which is then gone; undefined where there is none */
  take(id: string): Key | undefined {
    this.#sweep()
    const key = this.#keys.get(id)
    this.#keys.delete(id)
    return key
  }

  get size(): number {
    return this.#keys.size
  }

  #sweep(): void {
    const now = this.#now()
    for (const [id, { until }] of this.#keys) {
      if (until > now) break
      this.#keys.delete(id)
    }
  }
}
