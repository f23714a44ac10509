/**
 * What the clients of one task in one thread measured, on its way out: as blocks of columns up to the share of the member, as histograms of each second
 * beyond that. Nothing is made anew for a request.
 */
import type { LoopSample } from '../../../../protocols/tasks/client-loop.ts'
import type { LogHistogram } from '../../../../protocols/tasks/histogram.ts'
import {
  emptyColumns,
  FLAGS,
  MAX_BLOCK_SAMPLES,
  packColumns,
  type SampleBlock
} from '../../../../protocols/tasks/sample-block.ts'
import { ErrorKinds } from './counted-kinds.ts'
import { SecondHistograms } from './second-histograms.ts'
import type { FromThread } from './thread-messages.ts'

export interface RecorderInit {
  element: number
  task: string
  /** Of the task in `left`. */
  place: number
  /** Samples that the member may still bring as they are, by task. */
  left: Int32Array
  isRaw: boolean
  post(message: FromThread, handedOver: ArrayBuffer[]): void
  /** Processing time beyond service time, microseconds, of all tasks. */
  overhead: LogHistogram
}

export class TaskRecorder {
  done = 0
  readonly #init: RecorderInit
  readonly #exact: Columns
  /** Beyond the share, where each request is kept. */
  readonly #beyond: Columns | undefined
  readonly #seconds: SecondHistograms

  constructor(init: RecorderInit) {
    this.#init = init
    const { element, task, isRaw, post } = init
    this.#exact = new Columns({ element, task })
    if (isRaw) this.#beyond = new Columns({ element, task })
    this.#seconds = new SecondHistograms({ element, task }, block => post({ type: 'histograms', block }, []))
  }

  /**
   * @param client among all of the run
   * @param shift ms from the begin of the element to that which the times of the sample count from
   */
  record(sample: LoopSample, client: number, shift: number): void {
    const { overhead } = this.#init
    this.done++
    overhead.record(Math.max(0, sample.processing - sample.service) * 1_000)
    if (this.#mayBeExact()) {
      if (!this.#exact.hasRoomFor(sample)) this.#flushBlock('samples', this.#exact)
      this.#exact.push(sample, client, shift)
      return
    }
    this.#seconds.push(sample, shift)
    if (this.#beyond == null) return
    if (!this.#beyond.hasRoomFor(sample)) this.#flushBlock('raw', this.#beyond)
    this.#beyond.push(sample, client, shift)
  }

  /** @param now ms since the begin of the element; left out when all is to go out */
  flush(now?: number): void {
    this.#flushBlock('samples', this.#exact)
    this.#flushBlock('raw', this.#beyond)
    this.#seconds.flush(now)
  }

  #mayBeExact(): boolean {
    const { left, place } = this.#init
    return Atomics.load(left, place) > 0 && Atomics.sub(left, place, 1) > 0
  }

  #flushBlock(type: 'samples' | 'raw', columns: Columns | undefined): void {
    const block = columns?.take()
    if (block != null) this.#init.post({ type, block }, [block.columns.buffer as ArrayBuffer])
  }
}

/** A block that is filled. */
class Columns {
  readonly #of: { element: number; task: string }
  readonly #columns = emptyColumns(MAX_BLOCK_SAMPLES)
  #samples = 0
  #unit = 'ops'
  #kinds = new ErrorKinds()

  constructor(of: { element: number; task: string }) {
    this.#of = of
  }

  hasRoomFor({ unit }: LoopSample): boolean {
    return this.#samples < MAX_BLOCK_SAMPLES && (this.#samples === 0 || unit === this.#unit)
  }

  push(sample: LoopSample, client: number, shift: number): void {
    const { failed, isWarmup } = sample
    const at = this.#samples++
    const columns = this.#columns
    this.#unit = sample.unit
    columns.client[at] = client
    columns.flags[at] = (isWarmup ? FLAGS.warmup : 0) | (failed == null ? 0 : FLAGS.failed)
    columns.kind[at] = failed == null ? 0 : this.#kinds.indexOf(failed)
    // clocks of two reads may be a hair apart
    columns.due[at] = Math.max(0, sample.due + shift)
    columns.latency[at] = Math.max(0, sample.latency)
    columns.service[at] = Math.max(0, sample.service)
    columns.processing[at] = Math.max(0, sample.processing)
    columns.sent[at] = Math.max(0, sample.sent + shift)
    columns.weight[at] = sample.weight
  }

  take(): SampleBlock | undefined {
    const samples = this.#samples
    if (samples === 0) return undefined
    const columns = packColumns(this.#columns, samples)
    const block = { ...this.#of, samples, columns, kinds: this.#kinds.names, unit: this.#unit }
    this.#samples = 0
    this.#kinds = new ErrorKinds()
    return block
  }
}
