/**
 * After a cut each side thinks the other lost, and only a record newer than that opinion mends it. So whoever finds a peer
 * again that was thought lost says anew that it is here itself: a little later, as all do it at once, and once more, as the
 * topic is just growing together.
 */
const SPREAD = 1_000
const AGAIN = 3_000
/** A mesh whose links come and go does not drown in it. */
const REST = 10_000

export class Rejoin {
  readonly #announce: () => void
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(announce: () => void) {
    this.#announce = announce
  }

  /** A peer that was thought lost is here. */
  found(): void {
    if (this.#timers.size > 0) return
    const soon = Math.random() * SPREAD
    for (const delay of [soon, soon + AGAIN]) this.#later(delay, this.#announce)
    this.#later(REST, () => {})
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #later(delay: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, delay)
    this.#timers.add(timer.unref())
  }
}
