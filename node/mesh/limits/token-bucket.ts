/** Rate limits: a token bucket, and one for each key. */
import { BoundedMap } from '../../bounded-map.ts'

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

/** A token bucket for each key, such as a peer; beyond the capacity the bucket that was used longest ago is dropped. */
export class TokenBuckets {
  readonly #rate: Rate
  readonly #buckets: BoundedMap<string, TokenBucket>

  constructor(rate: Rate, capacity = 4096) {
    this.#rate = rate
    this.#buckets = new BoundedMap(capacity)
  }

  take(key: string, now: number, amount = 1): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, now)
    this.#buckets.set(key, bucket)
    return bucket.take(now, amount)
  }

  has(key: string, now: number, amount = 1): boolean {
    return this.#buckets.get(key)?.has(now, amount) ?? this.#rate.burst >= amount
  }

  get size(): number {
    return this.#buckets.size
  }
}
