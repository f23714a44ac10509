/**
 * How much of what its signers say a peer passes on. A neighbour that passes on what others sign is not to blame for how much
 * they sign, so a message that is too much is ignored and counts against nobody: the flood of a signer ends at the first
 * honest peer that it reaches. And what all signers say together is bounded below what a neighbour may send, so that an
 * honest peer is never taken for one that floods.
 */

import { PASSED_ON, PASSED_ON_BYTES, QUIET_SIGNER, SIGNER } from './constants.ts'
import { TokenBucket } from './token-bucket.ts'
import { TokenBuckets } from './token-buckets.ts'

export class Signers {
  readonly #now: () => number
  /** By topic and signer. */
  readonly #each = new TokenBuckets(SIGNER, 16_384)
  readonly #quiet = new TokenBuckets(QUIET_SIGNER, 16_384)
  readonly #all: TokenBucket
  readonly #bytes: TokenBucket

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#all = new TokenBucket(PASSED_ON, now())
    this.#bytes = new TokenBucket(PASSED_ON_BYTES, now())
  }

  /** Asked before a signature is checked: who only claims to be a signer takes nothing from it. */
  admits(topic: string, signer: string, bytes: number): boolean {
    const now = this.#now()
    if (!this.#each.has(`${topic} ${signer}`, now)) return false
    return (this.#all.has(now) && this.#bytes.has(now, bytes)) || this.#quiet.has(signer, now)
  }

  /** Its signature was good. */
  count(topic: string, signer: string, bytes: number): void {
    const now = this.#now()
    this.#each.take(`${topic} ${signer}`, now)
    const common = this.#all.has(now) && this.#bytes.has(now, bytes)
    if (!common) this.#quiet.take(signer, now)
    else if (this.#all.take(now)) this.#bytes.take(now, bytes)
  }
}
