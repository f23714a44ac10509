/** Portions that may be under way at once. */
export const MAX_WINDOW = 4

/** How many portions to have under way: as many as can be stored in the time that one takes to come. */
export class Pace {
  window = 1
  #shortest = Number.POSITIVE_INFINITY
  #storing: number | undefined

  /** @param came ms from asking for a portion to having it @param stored ms to store it */
  note(came: number, stored: number): void {
    this.#shortest = Math.min(this.#shortest, came)
    this.#storing = this.#storing === undefined ? stored : 0.75 * this.#storing + 0.25 * stored
    const pays = Math.ceil(this.#shortest / Math.max(this.#storing, 0.01) + 0.5)
    this.window = Math.min(MAX_WINDOW, Math.max(1, pays))
  }
}
