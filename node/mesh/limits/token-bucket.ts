/** How often something may happen. */
export interface Rate {
  /** A second, in the long run. */
  each: number
  /** At once, after a while of nothing. */
  burst: number
}

/** A token bucket: full at first, filled at a steady rate, never more than full. Knows no clock. */
export class TokenBucket {
  readonly #rate: Rate
  #level: number
  #at: number

  /** @param now ms, of a clock that never goes back */
  constructor(rate: Rate, now: number) {
    this.#rate = rate
    this.#level = rate.burst
    this.#at = now
  }

  /** @returns whether there was enough; nothing is taken if not */
  take(now: number, amount = 1): boolean {
    if (!this.has(now, amount)) return false
    this.#level -= amount
    return true
  }

  has(now: number, amount = 1): boolean {
    this.#fill(now)
    return this.#level >= amount
  }

  #fill(now: number): void {
    this.#level = Math.min(this.#rate.burst, this.#level + ((now - this.#at) / 1000) * this.#rate.each)
    this.#at = now
  }
}
