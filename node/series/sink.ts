/** What readers write to: the series of one file, with the times of this machine turned into the controller's. */
import { MAX_LABEL, MAX_LABELS, MAX_METRIC, MAX_UNIT, type SeriesKind } from '../../protocols/series/series-file.ts'
import type { SeriesWriter } from '../../protocols/series/write-series.ts'
import { rateOf } from './counter.ts'
import type { CounterOptions, Labels, Put, Sink } from './reader.ts'

/** Latest time that a date can be, ms. */
const MAX_TIME = 8.64e15

export class FileSink implements Sink {
  readonly #writer: SeriesWriter
  readonly #tool: string
  readonly #offset: number
  /** Of the line that is read. */
  line = 0
  /** Lines that were no sample, the number of the first, and why. */
  badLines: { lines: number; first: number; why: string } | undefined

  /** @param offset how far the clock of this machine is ahead of the controller's, ms */
  constructor(writer: SeriesWriter, { tool, offset }: { tool: string; offset: number }) {
    this.#writer = writer
    this.#tool = tool
    this.#offset = offset
  }

  gauge(metric: string, labels: Labels, unit: string): Put {
    return this.#put(metric, labels, unit, 'gauge')
  }

  counter(metric: string, labels: Labels, unit: string, options?: CounterOptions): Put {
    const put = this.#put(metric, labels, unit, 'rate')
    const next = rateOf(options)
    return (t, value) => {
      if (!Number.isFinite(value)) return
      const rate = next(t, value)
      if (rate != null) put(t, rate)
    }
  }

  bad(why: string): void {
    if (this.badLines == null) this.badLines = { lines: 1, first: this.line, why }
    else this.badLines.lines++
  }

  #put(metric: string, labels: Labels, unit: string, kind: SeriesKind): Put {
    const writer = this.#writer
    const cleaned = Object.entries(labels).map(([key, value]) => [clean(key, 64), clean(value, MAX_LABEL)])
    const id = {
      ...{ tool: this.#tool, metric: clean(metric, MAX_METRIC), unit: clean(unit, MAX_UNIT), kind },
      labels: Object.fromEntries(cleaned.filter(([key]) => key !== '').slice(0, MAX_LABELS))
    }
    const series = id.metric === '' ? undefined : writer.series(id)
    if (series == null) return () => {}
    const offset = this.#offset
    return (t, value) => {
      const shifted = t - offset
      if (shifted > 0 && shifted <= MAX_TIME && Number.isFinite(value)) writer.add(series, shifted, value)
    }
  }
}

/** Names that others wrote are of no length and have no control characters. */
const clean = (text: string, most: number) =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, most)
    .toWellFormed()
