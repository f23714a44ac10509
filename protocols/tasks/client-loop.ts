/**
 * The loop of one client: it waits until its next request is due, makes it, and has it recorded. One request at a time, so what a slow answer
 * delays is sent late, back to back, and its latency counts from when it was due. Over a clock that is given, so that it can be tested alone.
 */
import type { PlannedTask } from './elements.ts'
import type { Pacer } from './pacing.ts'

/** ms after the end of a task in which requests are still sent that were due before it; those beyond are counted as unsent. */
export const LATE_SENDS = 1_000
/** Of one client: a rate may be as high as a number, and the sum over all clients of a run is still exact. */
const MAX_UNSENT = 2 ** 36
/** ms by which a sum of intervals may be beside the end of a period that it is meant to hit. */
const ROUNDING = 0.001

/** ms, from any begin. */
export interface LoopClock {
  now(): number
  /** Resolves at that moment at the earliest, or when the clients are to end. */
  until(moment: number): Promise<void>
  /** Asked behind each request: what to wait for where requests end without a turn of the event loop, which others need. */
  giveWay?(): Promise<void> | undefined
}

/** What the loop needs to know of a request that ended. */
export interface LoopOutcome {
  /** On the clock. */
  begun: number
  ended: number
  failed?: string
  weight?: number
  unit?: string
  isLast?: boolean
}

/** One request, ms since the begin of the element. The loop fills the same object anew for each. */
export interface LoopSample {
  due: number
  sent: number
  latency: number
  service: number
  processing: number
  /** 0 of a failed one. */
  weight: number
  unit: string
  isWarmup: boolean
  failed: string | undefined
}

/** What all clients of an element on one machine look at: why they are to end. A request that is under way ends first; with `cut` it is aborted. */
export interface LoopEnd {
  reason?: 'completed' | 'cut'
}

type Looped = Pick<PlannedTask, 'warmupIterations' | 'iterations' | 'warmupPeriod' | 'period' | 'throughput'>

export interface LoopOptions {
  task: Looped
  /** The begin of the element on the clock. */
  begin: number
  /** When the client may begin, ms behind that: its part of the ramp-up. */
  wait: number
  /** Left out: as fast as it can. */
  pacer?: Pacer | undefined
  clock: LoopClock
  end: LoopEnd
  /** Never rejects. */
  request(): Promise<LoopOutcome>
  record(sample: LoopSample): void
  /** Whether the operation says itself when there is no more to do; else a task without iterations and periods is one request. */
  hasOwnEnd?: boolean
}

export class ClientLoop {
  /** Requests that ended. */
  done = 0
  /** Were due in the time of the task, and not sent: the answers before them took too long. */
  unsent = 0
  /** Whether it ended because it was done, and not because it was ended. */
  isDone = false
  readonly #options: LoopOptions
  readonly #sample: LoopSample = {
    ...{ due: 0, sent: 0, latency: 0, service: 0, processing: 0 },
    ...{ weight: 1, unit: 'ops', isWarmup: false, failed: undefined }
  }
  /** ms since the begin of the element. */
  readonly #warmupEnds: number
  readonly #ends: number
  readonly #lastIteration: number

  constructor(options: LoopOptions) {
    const { task, hasOwnEnd = false } = options
    this.#options = options
    const { warmupPeriod, period, warmupIterations, iterations } = task
    const isTimed = warmupPeriod != null || period != null
    this.#warmupEnds = (warmupPeriod ?? 0) * 1_000
    // with a warm-up alone it goes on behind that until another task completes it
    this.#ends = period == null ? Number.POSITIVE_INFINITY : this.#warmupEnds + period * 1_000
    const counted = iterations ?? (isTimed || hasOwnEnd ? Number.POSITIVE_INFINITY : 1)
    this.#lastIteration = warmupIterations + counted
  }

  /**
   * 0 to 1, of what has an end of its own; undefined for a task that another one completes.
   * @param now on the clock
   */
  progress(now: number): number | undefined {
    if (this.isDone) return 1
    const part = Number.isFinite(this.#ends)
      ? (now - this.#options.begin) / this.#ends
      : this.done / this.#lastIteration
    return Number.isFinite(this.#ends) || Number.isFinite(this.#lastIteration)
      ? Math.min(1, Math.max(0, part))
      : undefined
  }

  /** @throws {BakError} `usage` where an operation counts in another unit than its target */
  async run(): Promise<void> {
    const { pacer, clock, end, begin, wait, request } = this.#options
    const first = begin + wait
    await this.#sleep(first)
    while (end.reason == null && this.done < this.#lastIteration) {
      const due = pacer == null ? undefined : first + pacer.due
      const offset = pacer == null ? clock.now() - begin : wait + pacer.due
      if (offset >= this.#ends - ROUNDING) break
      if (due != null && clock.now() < due) await this.#sleep(due)
      if (end.reason != null) return
      const before = clock.now()
      if (before - begin >= this.#ends + LATE_SENDS) return this.#countUnsent(first)
      const outcome = await request()
      if (!this.#note(outcome, due, clock.now() - before)) return
      const turn = clock.giveWay?.()
      if (turn != null) await turn
    }
    this.isDone = end.reason == null
  }

  async #sleep(moment: number): Promise<void> {
    const { clock, end } = this.#options
    // a timer may fire early
    while (end.reason == null && clock.now() < moment) await clock.until(moment)
  }

  /** @returns whether another request may follow */
  #note(outcome: LoopOutcome, due: number | undefined, processing: number): boolean {
    const { begun, ended, failed, weight = 1, unit = 'ops', isLast = false } = outcome
    const { end, pacer, begin, record, task } = this.#options
    // aborted by us: no fault of what was asked
    if (failed != null && end.reason === 'cut') return false
    const from = due ?? begun
    const sample = this.#sample
    sample.due = from - begin
    sample.sent = begun - begin
    sample.latency = ended - from
    sample.service = ended - begun
    sample.processing = processing
    sample.weight = failed == null ? weight : 0
    sample.unit = unit
    sample.failed = failed
    sample.isWarmup = this.done < task.warmupIterations || sample.due < this.#warmupEnds - ROUNDING
    record(sample)
    this.done++
    if (isLast) this.isDone = true
    pacer?.advance(sample.weight, unit)
    return !isLast
  }

  #countUnsent(first: number): void {
    const { pacer, begin } = this.#options
    if (pacer != null)
      this.unsent = Math.min(MAX_UNSENT, Math.ceil((begin + this.#ends - first - pacer.due) / pacer.interval))
    this.isDone = true
  }
}
