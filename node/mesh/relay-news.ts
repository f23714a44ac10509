/**
 * Passes on what a swap brought, as it may be news to others too: after a random while, and only if nobody else has by then.
 * So a newcomer among 64 is told of once or twice, not 64 times.
 */
const AFTER = 300
const SPREAD = 2_000

export class RelayNews {
  readonly #waiting = new Map<string, NodeJS.Timeout>()

  /** @param key what the news is about, with its version */
  plan(key: string, publish: () => void): void {
    if (this.#waiting.has(key)) return
    const timer = setTimeout(
      () => {
        this.#waiting.delete(key)
        publish()
      },
      AFTER + Math.random() * SPREAD
    )
    this.#waiting.set(key, timer.unref())
  }

  /** The topic has it. */
  heard(key: string): void {
    clearTimeout(this.#waiting.get(key))
    this.#waiting.delete(key)
  }

  stop(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }
}
