/** What is known of the samples of one iteration while a run goes on, and whether it needs more of them. Pure but for itself. */
import { type Limit, triedOf } from '../tasks/search-outcome.ts'
import type { Tried } from '../tasks/search-steps.ts'
import { deviationOf } from './deviation.ts'
import type { Sampling } from './sampling.ts'

/** What one counted sample came to. */
export interface Outcome {
  failed: boolean
  /** Of the metric of `max_stddev`; left out where nothing stated it. */
  value?: number
  /** Of a search: what its thresholds judge. */
  limits?: Limit[] | undefined
}

export class IterationState {
  readonly #spec: Sampling
  readonly #values: number[] = []
  /** Of a search. */
  readonly #outcomes: Outcome[] = []
  /** Counted samples so far. */
  samples = 0
  failed = 0

  constructor(spec: Sampling) {
    this.#spec = spec
  }

  note(outcome: Outcome): void {
    const { failed, value } = outcome
    this.samples++
    if (this.#spec.search != null) this.#outcomes.push(outcome)
    if (failed) this.failed++
    else if (value != null) this.#values.push(value)
  }

  /** What a search knows of the value. */
  get tried(): Tried {
    return triedOf(this.#spec, this.#outcomes)
  }

  /** Samples with a value of the metric. */
  get values(): number {
    return this.#values.length
  }

  /** Standard deviation of the metric in percent of its mean, as far as it is known. */
  get deviation(): number | undefined {
    return deviationOf(this.#values)
  }

  /** Whether the values of the metric are close enough to each other. */
  get isClose(): boolean {
    const { max_stddev } = this.#spec
    return max_stddev == null || (this.deviation ?? Number.POSITIVE_INFINITY) <= max_stddev.percent
  }

  /** More samples failed than may. */
  get hasFailed(): boolean {
    return this.failed > (this.#spec.max_sample_failures ?? Number.POSITIVE_INFINITY)
  }

  get needsMore(): boolean {
    const { samples, max_stddev, max_sample_failures } = this.#spec
    if (this.hasFailed) return false
    // where failed samples are not repeated they are taken as they are
    const taken = max_sample_failures == null ? this.samples : this.samples - this.failed
    return taken < samples || (!this.isClose && taken < (max_stddev?.samples ?? 0))
  }
}
