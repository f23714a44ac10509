/** How many portions of a tarball a receiver has in flight at once. */

/** Portions that may be in flight, and so be held by a receiver whose disk is slow: as many as the window of a stream takes. */
export const MAX_WINDOW = 32
/** The next portion arrives while one is stored. */
const MIN_WINDOW = 2
/** A portion that takes this many times as long as the fastest one has waited behind others. */
const QUEUED = 1.25

/**
 * While portions come as fast as one alone the path is not full, and the window doubles every round trip. A portion that waited behind others
 * tells how many fill the path: as many as were in flight, by the part of its time that a portion alone takes. More would only wait, for
 * the path, a processor or the disk.
 */
export class Pace {
  window = 1
  #shortest = Number.POSITIVE_INFINITY

  /**
   * Notes a portion that was stored.
   * @param came ms from asking for it to its arrival
   * @param inFlight portions when it was asked for, itself included
   */
  note(came: number, inFlight: number): void {
    this.#shortest = Math.min(this.#shortest, came)
    const fills = inFlight * (this.#shortest / Math.max(came, Number.MIN_VALUE))
    const window = came <= QUEUED * this.#shortest ? Math.max(this.window, 2 * inFlight) : Math.ceil(1.25 * fills + 0.5)
    this.window = Math.min(MAX_WINDOW, Math.max(MIN_WINDOW, window))
  }
}
