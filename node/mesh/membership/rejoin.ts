/**
 * Mends the tables of both sides after a partition. Each side holds the other for lost, and only a newer record refutes that: a peer that
 * meets such a peer again announces itself, a little later, as many do so at once, and once more, as the topic is still being grafted.
 */
import { Timers } from '../../timers.ts'

const FIRST_WITHIN_MS = 1_000
const SECOND_AFTER_MS = 3_000
/** A mesh with unstable links announces itself no more often. */
const MIN_INTERVAL_MS = 10_000

export class Rejoin {
  readonly #announce: () => void
  readonly #timers = new Timers()

  constructor(announce: () => void) {
    this.#announce = announce
  }

  /** A peer that was held for lost is reachable. */
  onRejoined(): void {
    if (this.#timers.size > 0) return
    const first = Math.random() * FIRST_WITHIN_MS
    for (const delay of [first, first + SECOND_AFTER_MS]) this.#timers.after(delay, this.#announce)
    this.#timers.after(MIN_INTERVAL_MS, () => {})
  }

  stop(): void {
    this.#timers.clear()
  }
}
