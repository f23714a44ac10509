/** Samples of one task beyond those that are brought as they are: a histogram for each second, of warm-up and of normal ones. */
import type { LoopSample } from '../../../../protocols/tasks/client-loop.ts'
import { LogHistogram } from '../../../../protocols/tasks/histogram.ts'
import { encodeHistogram } from '../../../../protocols/tasks/histogram-codec.ts'
import type { HistogramBlock } from '../../../../protocols/tasks/load-stream.ts'
import { ErrorKinds } from './counted-kinds.ts'

interface Second {
  second: number
  warmup: boolean
  unit: string
  samples: number
  failed: number
  operations: number
  sums: { latency: number; service: number }
  kinds: ErrorKinds
  latency: LogHistogram
  service: LogHistogram
  processing: LogHistogram
}

export class SecondHistograms {
  readonly #of: { element: number; task: string }
  readonly #post: (block: HistogramBlock) => void
  /** Of the last seconds: few. */
  #seconds: Second[] = []

  constructor(of: { element: number; task: string }, post: (block: HistogramBlock) => void) {
    this.#of = of
    this.#post = post
  }

  push(sample: LoopSample, shift: number): void {
    const into = this.#secondOf(sample, shift)
    const latency = Math.round(Math.max(0, sample.latency) * 1_000)
    const service = Math.round(Math.max(0, sample.service) * 1_000)
    into.samples++
    if (sample.failed != null) {
      into.failed++
      into.kinds.indexOf(sample.failed)
    }
    into.operations += sample.weight
    into.sums.latency += latency
    into.sums.service += service
    into.latency.record(latency)
    into.service.record(service)
    into.processing.record(Math.max(0, sample.processing) * 1_000)
  }

  /** Seconds that are over; all where no time is given. @param now ms since the begin of the element */
  flush(now = Number.POSITIVE_INFINITY): void {
    if (this.#seconds.length === 0) return
    const over = this.#seconds.filter(({ second }) => (second + 1) * 1_000 <= now)
    this.#seconds = this.#seconds.filter(({ second }) => (second + 1) * 1_000 > now)
    for (const { kinds, latency, service, processing, ...counts } of over)
      this.#post({
        ...this.#of,
        ...counts,
        errors: kinds.counts,
        latency: encodeHistogram(latency),
        service: encodeHistogram(service),
        processing: encodeHistogram(processing)
      })
  }

  #secondOf({ sent, service, isWarmup, unit }: LoopSample, shift: number): Second {
    const second = Math.max(0, Math.floor((sent + shift + service) / 1_000))
    const found = this.#seconds.find(each => each.second === second && each.warmup === isWarmup && each.unit === unit)
    if (found != null) return found
    const made: Second = {
      ...{ second, warmup: isWarmup, unit, samples: 0, failed: 0, operations: 0 },
      ...{ sums: { latency: 0, service: 0 }, kinds: new ErrorKinds() },
      ...{ latency: new LogHistogram(), service: new LogHistogram(), processing: new LogHistogram() }
    }
    this.#seconds.push(made)
    return made
  }
}
