/** Tarballs up to this many bytes come with their offers, and pass without a slot: there is nothing to hold back. */
export const MAX_SMALL_BYTES = 64 * 1024

/** How many tarballs may come at once. */
export class Slots {
  readonly limit: number
  #taken = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get taken(): number {
    return this.#taken
  }

  /** @returns what gives the slot back, or undefined if all are taken */
  tryTake(): (() => void) | undefined {
    if (this.#taken >= this.limit) return undefined
    this.#taken++
    let held = true
    return () => {
      if (held) this.#taken--
      held = false
    }
  }
}
