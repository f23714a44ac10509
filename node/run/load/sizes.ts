/** Sizes of requests: a histogram beside what is exact, and each of them as long as all are kept. */
import { LogHistogram } from '../../../protocols/tasks/histogram.ts'

/** ms, but for `sizes` and `sum`, which are in microseconds. */
export class Sizes {
  readonly sizes = new LogHistogram()
  sum = 0
  min = Number.POSITIVE_INFINITY
  max = 0
  /** Each; gone once not all are kept. */
  exact: GrowingColumn | undefined

  constructor({ keep = false } = {}) {
    if (keep) this.exact = new GrowingColumn()
  }

  note(ms: number): void {
    const micros = Math.round(ms * 1000)
    this.sizes.record(micros)
    this.sum += micros
    if (ms < this.min) this.min = ms
    if (ms > this.max) this.max = ms
    this.exact?.push(ms)
  }

  join({ sizes, sum, min, max }: Sizes): void {
    this.sizes.add(sizes)
    this.sum += sum
    this.min = Math.min(this.min, min)
    this.max = Math.max(this.max, max)
  }

  /** @param sum of its values; as good as its buckets where it is left out */
  add(sizes: LogHistogram, sum = sizes.count === 0 ? 0 : Math.round(sizes.mean * sizes.count)): void {
    const { min, max } = sizes.range ?? { min: Number.POSITIVE_INFINITY, max: 0 }
    this.sizes.add(sizes)
    this.sum += sum
    this.min = Math.min(this.min, min / 1000)
    this.max = Math.max(this.max, max / 1000)
  }

  /** @param shares each 0 to 1 @returns values at these places, ms, as good as the buckets are */
  quantiles(shares: readonly number[]): number[] {
    return this.sizes.quantiles(shares).map(each => Math.min(this.max, Math.max(this.min, each / 1000)))
  }
}

/** Numbers one after the other, 8 bytes each. */
class GrowingColumn {
  #values = new Float64Array(1_024)
  #length = 0

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length++] = value
  }

  get length(): number {
    return this.#length
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }
}
