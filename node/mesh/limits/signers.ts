/**
 * Limits the messages of each signer that this peer passes on. A neighbour is not to blame for the amount that others sign, so a message
 * over the limit is ignored without a violation: the flood of a signer ends at the first honest peer. All signers together stay below
 * what a neighbour may send, so that an honest peer is never cut off for a flood that it passed on.
 */
import { PASSED_ON, PASSED_ON_BYTES, SIGNER, SIGNER_RESERVE } from './constants.ts'
import { TokenBucket, TokenBuckets } from './token-bucket.ts'

const MAX_SIGNERS = 16_384

export class Signers {
  readonly #now: () => number
  /** By topic and signer. */
  readonly #each = new TokenBuckets(SIGNER, MAX_SIGNERS)
  readonly #reserve = new TokenBuckets(SIGNER_RESERVE, MAX_SIGNERS)
  readonly #all: TokenBucket
  readonly #bytes: TokenBucket

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#all = new TokenBucket(PASSED_ON, now())
    this.#bytes = new TokenBucket(PASSED_ON_BYTES, now())
  }

  /** Asked before the signature is verified, so it takes nothing: a forged signer must not use up the limit of the real one. */
  admits(topic: string, signer: string, bytes: number): boolean {
    const now = this.#now()
    if (!this.#each.has(`${topic} ${signer}`, now)) return false
    return (this.#all.has(now) && this.#bytes.has(now, bytes)) || this.#reserve.has(signer, now)
  }

  /** Counts a message whose signature was verified. */
  count(topic: string, signer: string, bytes: number): void {
    const now = this.#now()
    this.#each.take(`${topic} ${signer}`, now)
    const common = this.#all.has(now) && this.#bytes.has(now, bytes)
    if (!common) this.#reserve.take(signer, now)
    else if (this.#all.take(now)) this.#bytes.take(now, bytes)
  }
}
