/** Lets a thread see to its timers and sockets now and then, also while operations answer without either: a promise that is kept at once lets nothing else in. */

/** ms without a turn of the event loop after which all clients wait for one. */
const LONGEST_MS = 25
const BEAT_MS = 10

export class LoopBreaks {
  #last = performance.now()
  #break: Promise<void> | undefined

  /** @param late hears how late the timer of this was, ms: how the thread keeps up where no client waits for a moment */
  start(late: (ms: number) => void): void {
    let due = performance.now() + BEAT_MS
    setInterval(() => {
      const now = performance.now()
      late(Math.max(0, now - due))
      due = now + BEAT_MS
      this.#last = now
    }, BEAT_MS).unref()
  }

  /** @returns what a client waits for before its next request, where that is due */
  next(): Promise<void> | undefined {
    if (this.#break == null && performance.now() - this.#last <= LONGEST_MS) return undefined
    // one for all: with one each, the others would go on meanwhile
    this.#break ??= new Promise(resolve =>
      setImmediate(() => {
        this.#last = performance.now()
        this.#break = undefined
        resolve()
      })
    )
    return this.#break
  }
}
