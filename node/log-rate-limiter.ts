/**
 * Says the same kind of thing only so often: what other peers cause must not fill a disk, nor bury what others cause. What is
 * left out is counted, and the count is said when the time is over.
 */

export interface LogRateLimiterInit {
  /** Lines of one kind in a period, of all sources together and of one source. */
  most?: number
  mostOfOne?: number
  /** ms */
  period?: number
}

interface Kind {
  said: number
  leftOut: number
  bySource: Map<string, number>
}

export class LogRateLimiter {
  readonly #most: number
  readonly #mostOfOne: number
  readonly #period: number
  readonly #kinds = new Map<string, Kind>()

  constructor({ most = 30, mostOfOne = 10, period = 60_000 }: LogRateLimiterInit = {}) {
    this.#most = most
    this.#mostOfOne = mostOfOne
    this.#period = period
  }

  /**
   * @param kind one of a few, never anything that another peer chose
   * @param source who caused it
   * @param sayRest called once, after the period, where something of this kind was left out
   * @returns whether it is to be said now
   */
  admits(kind: string, source: string, sayRest: (leftOut: number) => void): boolean {
    const known = this.#kinds.get(kind) ?? this.#begin(kind, sayRest)
    const bySource = known.bySource.get(source) ?? 0
    if (known.said >= this.#most || bySource >= this.#mostOfOne) {
      known.leftOut++
      return false
    }
    known.said++
    known.bySource.set(source, bySource + 1)
    return true
  }

  #begin(kind: string, sayRest: (leftOut: number) => void): Kind {
    const fresh: Kind = { said: 0, leftOut: 0, bySource: new Map() }
    this.#kinds.set(kind, fresh)
    setTimeout(() => {
      this.#kinds.delete(kind)
      if (fresh.leftOut > 0) sayRest(fresh.leftOut)
    }, this.#period).unref()
    return fresh
  }
}
