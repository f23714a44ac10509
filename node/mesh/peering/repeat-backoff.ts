/** When to say again what goes on and on: at once, then after `first` ms, then after twice as long each time, `most` at most. */
export class RepeatBackoff {
  readonly #first: number
  readonly #most: number
  #wait: number
  #next = Number.NEGATIVE_INFINITY

  constructor({ first, most }: { first: number; most: number }) {
    this.#first = first
    this.#most = most
    this.#wait = first
  }

  /** @param now ms, of a clock that never goes back. @returns whether it is time to say it */
  due(now: number): boolean {
    if (now < this.#next) return false
    this.#next = now + this.#wait
    this.#wait = Math.min(this.#wait * 2, this.#most)
    return true
  }

  /** It is over: the next time it happens is said at once. */
  reset(): void {
    this.#wait = this.#first
    this.#next = Number.NEGATIVE_INFINITY
  }
}
