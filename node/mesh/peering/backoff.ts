/** Waits between tries: doubling from `first` to `most` ms, each shortened at random by up to a quarter. */
export class Backoff {
  readonly #first: number
  readonly #most: number
  #next: number

  constructor({ first, most }: { first: number; most: number }) {
    this.#first = first
    this.#most = most
    this.#next = first
  }

  /** @returns the wait before the next try, ms */
  next(): number {
    const wait = this.#next * (0.75 + Math.random() / 4)
    this.#next = Math.min(this.#next * 2, this.#most)
    return wait
  }

  reset(): void {
    this.#next = this.#first
  }
}
