/** Points in the order in which they came, in arrays that grow up to a bound, and their order by series and time. */

/** Rows of one series in a sorted block. */
export interface SeriesRange {
  series: number
  first: number
  rows: number
}

const FIRST_CAPACITY = 4096

export class PointBlock {
  readonly #most: number
  #series = new Uint32Array(FIRST_CAPACITY)
  #times = new Float64Array(FIRST_CAPACITY)
  #values = new Float64Array(FIRST_CAPACITY)
  length = 0

  constructor(most: number) {
    this.#most = most
  }

  add(series: number, t: number, value: number): void {
    const at = this.length
    if (at === this.#series.length) this.#grow()
    this.#series[at] = series
    this.#times[at] = t
    this.#values[at] = value
    this.length = at + 1
  }

  clear(): void {
    this.length = 0
  }

  /**
   * @param order numbers of all series, in the order in which they are to stand
   * @returns where the point of each row is, and the rows of each series that has any; those of one series are ordered by time
   */
  sort(order: number[]): { points: Uint32Array; ranges: SeriesRange[] } {
    const counts = new Uint32Array(order.length)
    for (let i = 0; i < this.length; i++) (counts[this.#series[i] as number] as number)++
    const next = new Uint32Array(order.length)
    const ranges: SeriesRange[] = []
    let first = 0
    for (const series of order) {
      const rows = counts[series] as number
      next[series] = first
      if (rows > 0) ranges.push({ series, first, rows })
      first += rows
    }
    const points = new Uint32Array(this.length)
    for (let i = 0; i < this.length; i++) {
      const series = this.#series[i] as number
      points[next[series] as number] = i
      ;(next[series] as number)++
    }
    for (const { first, rows } of ranges) this.#sortByTime(points.subarray(first, first + rows))
    return { points, ranges }
  }

  timeOf(point: number): number {
    return this.#times[point] as number
  }

  /** @returns of some points the microseconds, low and high half in turn, and the values */
  gather(points: Uint32Array): { times: Uint32Array; values: Float64Array } {
    const times = new Uint32Array(points.length * 2)
    const values = new Float64Array(points.length)
    for (let row = 0; row < points.length; row++) {
      const point = points[row] as number
      const micros = Math.round((this.#times[point] as number) * 1000)
      times[2 * row] = micros >>> 0
      times[2 * row + 1] = Math.floor(micros / 2 ** 32)
      values[row] = this.#values[point] as number
    }
    return { times, values }
  }

  /** Nearly always it is sorted already: a tool writes its samples in turn. */
  #sortByTime(points: Uint32Array): void {
    const times = this.#times
    for (let i = 1; i < points.length; i++) {
      if ((times[points[i] as number] as number) >= (times[points[i - 1] as number] as number)) continue
      points.sort((a, b) => (times[a] as number) - (times[b] as number) || a - b)
      return
    }
  }

  #grow(): void {
    const capacity = Math.min(this.#most, this.#series.length * 2)
    const larger = <T extends Uint32Array | Float64Array>(to: T, from: T): T => {
      to.set(from)
      return to
    }
    this.#series = larger(new Uint32Array(capacity), this.#series)
    this.#times = larger(new Float64Array(capacity), this.#times)
    this.#values = larger(new Float64Array(capacity), this.#values)
  }
}
