/**
 * Acts again and again, as often as it is asked for just then. What beats at the same pace, or at a multiple of it, beats at the same
 * moments: a processor that sleeps is woken once for all of it.
 */

/** Beats that are nearer than this to the last are left out, as a part of the period. */
const TOO_NEAR = 0.25

export class AlignedTimer {
  readonly #act: () => void
  readonly #period: () => number
  #timer: NodeJS.Timeout | undefined

  /** @param period ms until the next; asked each time */
  constructor(act: () => void, period: () => number) {
    this.#act = act
    this.#period = period
  }

  /** Also where the period has changed: what beats seldom may beat often from now on. */
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

/** @returns ms from `now` to the next multiple of `period`, or the one after it where that is near. Pure. */
export function untilNext(now: number, period: number): number {
  const left = period - (now % period)
  return left < period * TOO_NEAR ? left + period : left
}
