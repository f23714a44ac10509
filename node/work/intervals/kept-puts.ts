/** What a sink gave for each series of a file: asked for once, since that costs a look-up. */
import type { Labels, Put, Sink } from '../../series/reader.ts'

/** Of one file: names are of the workload. */
const MAX_SERIES = 1_000

export class KeptPuts {
  readonly #sink: Sink
  readonly #puts = new Map<string, Put>()

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** @param labels alike for all calls with this metric and key @param value left out where it is not a number */
  put(metric: string, unit: string, t: number, value: number | undefined, labels: Labels = {}, key = ''): void {
    if (value == null || !Number.isFinite(value)) return
    const id = `${metric}\n${key}`
    let put = this.#puts.get(id)
    if (put == null) {
      if (this.#puts.size >= MAX_SERIES) return this.#sink.bad(`more than ${MAX_SERIES} metrics`)
      put = this.#sink.gauge(metric, labels, unit)
      this.#puts.set(id, put)
    }
    put(t, value)
  }
}
