/** The range of time that is shown, one for the whole page: who zooms sets it, all plots follow. */

import { Listeners } from './listeners.ts'

export interface Range {
  from: number
  to: number
}

/** Less than that cannot be zoomed to, s. */
const LEAST = 1e-3

export class TimeRange {
  readonly whole: Range
  #shown: Range
  readonly #listeners = new Listeners<Range>()

  constructor(whole: Range) {
    this.whole = whole.to > whole.from ? whole : { from: whole.from, to: whole.from + 1 }
    this.#shown = this.whole
  }

  get shown(): Range {
    return this.#shown
  }

  get isWhole(): boolean {
    return this.#shown.from === this.whole.from && this.#shown.to === this.whole.to
  }

  /** What is outside of the run is cut off. */
  show({ from, to }: Range): void {
    const [low, high] = from <= to ? [from, to] : [to, from]
    const next = { from: Math.max(this.whole.from, low), to: Math.min(this.whole.to, high) }
    if (!(next.to - next.from >= LEAST) || (next.from === this.#shown.from && next.to === this.#shown.to)) return
    this.#shown = next
    this.#listeners.tell(next)
  }

  reset(): void {
    this.show(this.whole)
  }

  /** @param factor below 1 shows less, around the middle or the time given */
  scale(factor: number, around = (this.#shown.from + this.#shown.to) / 2): void {
    const { from, to } = this.#shown
    this.show({ from: around - (around - from) * factor, to: around + (to - around) * factor })
  }

  /** @param share of what is shown, to the right */
  move(share: number): void {
    const { from, to } = this.#shown
    const wanted = (to - from) * share
    const by = Math.max(this.whole.from - from, Math.min(this.whole.to - to, wanted))
    this.show({ from: from + by, to: to + by })
  }

  /** @param signal ends it */
  onChange(listener: (range: Range) => void, signal?: AbortSignal): void {
    this.#listeners.add(listener, signal)
  }
}
