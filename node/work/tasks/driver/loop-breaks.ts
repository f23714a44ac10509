/** Lets a thread see to its timers and sockets now and then, also while operations answer without either: a promise that is kept at once lets nothing else in. */

/** ms without a turn of the event loop after which a request waits for one. */
const LONGEST_MS = 25
const BEAT_MS = 10

export class LoopBreaks {
  #last = performance.now()
  #timer: NodeJS.Timeout | undefined

  /** @param late hears how late the timer of this was, ms */
  start(late: (ms: number) => void): void {
    let due = performance.now() + BEAT_MS
    this.#timer = setInterval(() => {
      const now = performance.now()
      late(Math.max(0, now - due))
      due = now + BEAT_MS
      this.#last = now
    }, BEAT_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  isDue(): boolean {
    return performance.now() - this.#last > LONGEST_MS
  }

  take(): Promise<void> {
    this.#last = performance.now()
    return new Promise(resolve => setImmediate(resolve))
  }
}
