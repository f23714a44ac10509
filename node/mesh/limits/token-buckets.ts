import { type Rate, TokenBucket } from './token-bucket.ts'

/** A bucket for each of many, such as peers. Of those that are not in use as many are kept as `most`. */
export class TokenBuckets {
  readonly #rate: Rate
  readonly #most: number
  /** Used longest ago first. */
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rate: Rate, most = 4096) {
    this.#rate = rate
    this.#most = most
  }

  take(key: string, now: number, amount = 1): boolean {
    return this.#use(key, now).take(now, amount)
  }

  has(key: string, now: number, amount = 1): boolean {
    return this.#buckets.get(key)?.has(now, amount) ?? this.#rate.burst >= amount
  }

  get size(): number {
    return this.#buckets.size
  }

  #use(key: string, now: number): TokenBucket {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, now)
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > this.#most) this.#buckets.delete(this.#buckets.keys().next().value as string)
    return bucket
  }
}
