/**
 * A repeating timer whose period may change. Timers with the same period, or a multiple of it, fire at the same instants, so that a
 * sleeping processor is woken once for all of them.
 */

/** A firing that is nearer than this part of the period to the last one is left out. */
const MIN_GAP_OF_PERIOD = 0.25

export class AlignedTimer {
  readonly #act: () => void
  readonly #period: () => number
  #timer: NodeJS.Timeout | undefined

  /** @param period ms; asked again after each firing */
  constructor(act: () => void, period: () => number) {
    this.#act = act
    this.#period = period
  }

  /** Starts the timer, or plans its next firing anew after the period has changed. */
  start(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => {
        this.#act()
        if (this.#timer != null) this.start()
      },
      untilNext(performance.now(), this.#period())
    ).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

/** @returns ms from `now` to the next multiple of `period`, or to the one after it if that is too near. Pure. */
export function untilNext(now: number, period: number): number {
  const left = period - (now % period)
  return left < period * MIN_GAP_OF_PERIOD ? left + period : left
}
