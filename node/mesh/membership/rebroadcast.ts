/**
 * Publishes what was learned in a sync, since other peers may not have it: after a random delay, and only if no other peer has published
 * it by then. So a newcomer among 64 is announced once or twice, not 64 times.
 */
const MIN_DELAY_MS = 300
const RANDOM_DELAY_MS = 2_000

interface Pending {
  version: number
  timer: NodeJS.Timeout
}

export class Rebroadcast {
  readonly #pending = new Map<string, Pending>()

  /** Replaces what is pending for the key, unless that is of the same or a later version. */
  plan(key: string, version: number, publish: () => void): void {
    const before = this.#pending.get(key)
    if (before != null && before.version >= version) return
    clearTimeout(before?.timer)
    const timer = setTimeout(
      () => {
        this.#pending.delete(key)
        publish()
      },
      MIN_DELAY_MS + Math.random() * RANDOM_DELAY_MS
    )
    this.#pending.set(key, { version, timer: timer.unref() })
  }

  /** Another peer has published this version: cancels what is pending, unless that is newer. */
  onPublished(key: string, version: number): void {
    const pending = this.#pending.get(key)
    if (pending == null || pending.version > version) return
    clearTimeout(pending.timer)
    this.#pending.delete(key)
  }

  stop(): void {
    for (const { timer } of this.#pending.values()) clearTimeout(timer)
    this.#pending.clear()
  }
}
