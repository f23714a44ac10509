/** Rate limits by key. */
import { BoundedMap } from '../../bounded-map.ts'
import { type Rate, TokenBucket } from './token-bucket.ts'

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
