/** The timeout of the one request that a client has open: one timer for all of its requests, as a new one for each costs more. */

export class RequestTimer {
  readonly #ms: number
  readonly #expired: () => void
  #timer: NodeJS.Timeout | undefined
  #isOpen = false

  /** @param ms 0 is never */
  constructor(ms: number, expired: () => void) {
    this.#ms = ms
    this.#expired = expired
  }

  /** A request begins. */
  start(): void {
    this.#isOpen = true
    if (this.#ms === 0) return
    if (this.#timer == null) this.#timer = setTimeout(() => this.#expire(), Math.min(this.#ms, 2 ** 31 - 1))
    else this.#timer.refresh()
  }

  /** It has ended. */
  stop(): void {
    this.#isOpen = false
  }

  close(): void {
    this.#isOpen = false
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #expire(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#expired()
  }
}
