/** Portions that may be under way at once, and so be held by a receiver whose disk is slow. */
export const MAX_WINDOW = 16

/**
 * How many portions to have under way: as many as are stored in the time that one takes to come, and some more. While those
 * that are under way do not fill the road they are stored at the pace of their coming, which asks for more; once the road,
 * a processor or the disk is busy all the time, more would only wait.
 */
export class Pace {
  window = 1
  #shortest = Number.POSITIVE_INFINITY
  #between: number | undefined
  #last: number | undefined

  /** A portion is stored. @param came ms from asking for it to having it @param now ms, of a clock that never goes back */
  note(came: number, now: number): void {
    this.#shortest = Math.min(this.#shortest, came)
    if (this.#last !== undefined) {
      const between = now - this.#last
      this.#between = this.#between === undefined ? between : 0.5 * (this.#between + between)
    }
    this.#last = now
    const pays = Math.ceil((1.25 * this.#shortest) / Math.max(this.#between ?? came, 0.01) + 0.5)
    this.window = Math.min(MAX_WINDOW, Math.max(1, pays))
  }
}
