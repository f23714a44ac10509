/** Exponential backoff: waits that double from `first` to `most`. */
export interface BackoffInit {
  /** ms */
  first: number
  /** ms */
  most: number
  /** The part of each wait by which it is shortened at random, at most: peers that fail together do not retry together. */
  jitter?: number
}

export class Backoff {
  readonly #init: Required<BackoffInit>
  #wait: number
  #dueAt = Number.NEGATIVE_INFINITY

  constructor(init: BackoffInit) {
    this.#init = { jitter: 0.25, ...init }
    this.#wait = init.first
  }

  /** @returns the wait before the next attempt, ms */
  next(): number {
    const wait = this.#wait * (1 - Math.random() * this.#init.jitter)
    this.#wait = Math.min(this.#wait * 2, this.#init.most)
    return wait
  }

  /**
   * For something that is repeated less and less often, such as a warning.
   * @param now ms, of a monotonic clock
   * @returns true the first time, and then once after each wait
   */
  due(now: number): boolean {
    if (now < this.#dueAt) return false
    this.#dueAt = now + this.next()
    return true
  }

  /** After a success the waits begin anew. */
  reset(): void {
    this.#wait = this.#init.first
    this.#dueAt = Number.NEGATIVE_INFINITY
  }
}
