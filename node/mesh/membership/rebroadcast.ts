/**
 * Passes on what a swap brought, as it may be news to others too: after a random while, and only if nobody else has by then.
 * So a newcomer among 64 is told of once or twice, not 64 times. Of each peer only the newest waits.
 */
const AFTER = 300
const SPREAD = 2_000

interface Waiting {
  version: number
  timer: NodeJS.Timeout
}

export class Rebroadcast {
  readonly #waiting = new Map<string, Waiting>()

  /** @param version of what is said about `peer`; nothing happens where as new a one waits already */
  plan(peer: string, version: number, publish: () => void): void {
    const before = this.#waiting.get(peer)
    if (before != null && before.version >= version) return
    clearTimeout(before?.timer)
    const timer = setTimeout(
      () => {
        this.#waiting.delete(peer)
        publish()
      },
      AFTER + Math.random() * SPREAD
    )
    this.#waiting.set(peer, { version, timer: timer.unref() })
  }

  /** The topic has it, or something newer. */
  heard(peer: string, version: number): void {
    const waiting = this.#waiting.get(peer)
    if (waiting == null || waiting.version > version) return
    clearTimeout(waiting.timer)
    this.#waiting.delete(peer)
  }

  stop(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }
}
