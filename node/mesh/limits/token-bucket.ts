/** A rate limit: a token bucket. */

/** How a token bucket is filled. */
export interface Rate {
  /** Tokens that are added per second. */
  perSecond: number
  /** Tokens in a full bucket. */
  burst: number
}

/** Full at first, filled at a steady rate, never more than full. Has no clock of its own. */
export class TokenBucket {
  readonly #rate: Rate
  #level: number
  #at: number

  /** @param now ms, of a monotonic clock */
  constructor(rate: Rate, now: number) {
    this.#rate = rate
    this.#level = rate.burst
    this.#at = now
  }

  /** @returns whether there was enough; takes nothing if not */
  take(now: number, amount = 1): boolean {
    if (!this.has(now, amount)) return false
    this.#level -= amount
    return true
  }

  has(now: number, amount = 1): boolean {
    this.#level = Math.min(this.#rate.burst, this.#level + ((now - this.#at) / 1000) * this.#rate.perSecond)
    this.#at = now
    return this.#level >= amount
  }
}
