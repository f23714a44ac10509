/**
 * Limits log lines of one kind, since other peers can cause them: they must not fill the disk, nor bury the lines that others cause. Lines
 * that were left out are counted, and the count is reported at the end of the period.
 */

export interface LogRateLimiterInit {
  /** Lines of one kind in a period, of all sources together and of one source. */
  most?: number
  mostOfSource?: number
  periodMs?: number
}

interface Kind {
  written: number
  leftOut: number
  bySource: Map<string, number>
}

export class LogRateLimiter {
  readonly #most: number
  readonly #mostOfSource: number
  readonly #periodMs: number
  readonly #kinds = new Map<string, Kind>()

  constructor({ most = 30, mostOfSource = 10, periodMs = 60_000 }: LogRateLimiterInit = {}) {
    this.#most = most
    this.#mostOfSource = mostOfSource
    this.#periodMs = periodMs
  }

  /**
   * @param kind one of a few, never text that another peer chose
   * @param source the peer or address that caused the line
   * @param onLeftOut called once at the end of the period if lines of this kind were left out
   * @returns whether the line may be written
   */
  admits(kind: string, source: string, onLeftOut: (count: number) => void): boolean {
    const known = this.#kinds.get(kind) ?? this.#begin(kind, onLeftOut)
    const bySource = known.bySource.get(source) ?? 0
    if (known.written >= this.#most || bySource >= this.#mostOfSource) {
      known.leftOut++
      return false
    }
    known.written++
    known.bySource.set(source, bySource + 1)
    return true
  }

  #begin(name: string, onLeftOut: (count: number) => void): Kind {
    const kind: Kind = { written: 0, leftOut: 0, bySource: new Map() }
    this.#kinds.set(name, kind)
    setTimeout(() => {
      this.#kinds.delete(name)
      if (kind.leftOut > 0) onLeftOut(kind.leftOut)
    }, this.#periodMs).unref()
    return kind
  }
}
