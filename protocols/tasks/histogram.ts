/**
 * Counts of values by size, exact to three significant digits, in the buckets of HdrHistogram (lowest value 1, three digits): what merges without a
 * loss, and takes memory only around the values that there are. Pure.
 */

/** Values below it have a bucket each; from there on each doubling has half as many. */
const SUB_BUCKETS = 2_048
const HALF = SUB_BUCKETS / 2
/** Counters that are made at once. */
const PAGE = 64
/** Of values that a double can count. */
export const MAX_INDEX = 44 * HALF

/** @param value an integer from 0 to 2^53 @returns the bucket that it is in */
export function indexOf(value: number): number {
  if (value < SUB_BUCKETS) return value
  // a shift knows 32 bits
  const bits = value < 2 ** 31 ? 32 - Math.clz32(value) : 63 - Math.clz32(Math.floor(value / 2 ** 31))
  const shift = bits - 11
  return shift * HALF + (shift < 21 ? value >>> shift : Math.floor(value / 2 ** shift))
}

/** @returns the least value of a bucket, and how many it has */
export function bucketOf(index: number): { lowest: number; width: number } {
  if (index < SUB_BUCKETS) return { lowest: index, width: 1 }
  const shift = Math.floor(index / HALF) - 1
  const width = 2 ** shift
  return { lowest: (index - shift * HALF) * width, width }
}

export class LogHistogram {
  readonly #pages: (Float64Array | undefined)[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  /** @param value of which the nearest integer from 0 on counts */
  record(value: number): void {
    this.addAt(indexOf(Math.round(value)), 1)
  }

  addAt(index: number, times: number): void {
    const page = this.#pageAt(Math.floor(index / PAGE))
    const place = index % PAGE
    page[place] = (page[place] as number) + times
    this.#count += times
  }

  add(other: LogHistogram): void {
    for (const [at, from] of other.#pages.entries()) {
      if (from == null) continue
      const page = this.#pageAt(at)
      for (let i = 0; i < PAGE; i++) page[i] = (page[i] as number) + (from[i] as number)
    }
    this.#count += other.#count
  }

  /** @returns it, made where it is not there */
  #pageAt(at: number): Float64Array {
    const known = this.#pages[at]
    if (known != null) return known
    // a list without holes is quicker
    while (this.#pages.length < at) this.#pages.push(undefined)
    const made = new Float64Array(PAGE)
    this.#pages[at] = made
    return made
  }

  /** @returns the buckets that have values, upwards, as [index, count] */
  *buckets(): Generator<[number, number], void> {
    for (const [at, page] of this.#pages.entries())
      for (let i = 0; page != null && i < PAGE; i++)
        if ((page[i] as number) > 0) yield [at * PAGE + i, page[i] as number]
  }

  /**
   * @param shares each 0 to 1
   * @returns values at those places of all values sorted (rank = share x (count - 1), linear in between), each as good as its bucket; NaN of none
   */
  quantiles(shares: readonly number[]): number[] {
    const places = shares.map(share => share * Math.max(0, this.#count - 1))
    const found = this.#atRanks(places.flatMap(place => [Math.floor(place), Math.ceil(place)]))
    return places.map((place, i) => {
      const [below, above] = [found[2 * i] as number, found[2 * i + 1] as number]
      return below + (above - below) * (place - Math.floor(place))
    })
  }

  /** @returns the middle of the bucket in which the value of each rank is */
  #atRanks(ranks: number[]): number[] {
    const found = new Array<number>(ranks.length).fill(Number.NaN)
    const order = ranks.map((_, i) => i).sort((one, other) => (ranks[one] as number) - (ranks[other] as number))
    let [before, next] = [0, 0]
    for (const [index, count] of this.buckets()) {
      before += count
      const { lowest, width } = bucketOf(index)
      for (; next < order.length && (ranks[order[next] as number] as number) < before; next++)
        found[order[next] as number] = lowest + (width - 1) / 2
      if (next === order.length) break
    }
    return found
  }

  /** @returns the mean of the middles of the buckets; NaN of none */
  get mean(): number {
    let sum = 0
    for (const [index, count] of this.buckets()) {
      const { lowest, width } = bucketOf(index)
      sum += (lowest + (width - 1) / 2) * count
    }
    return sum / this.#count
  }

  /** @returns whether its values can have this sum */
  canSumTo(sum: number): boolean {
    let [least, most] = [0, 0]
    for (const [index, times] of this.buckets()) {
      const { lowest, width } = bucketOf(index)
      least += lowest * times
      most += (lowest + width - 1) * times
    }
    return sum >= least && sum <= most
  }

  /** @returns the least value of the first bucket and the greatest of the last; undefined of none */
  get range(): { min: number; max: number } | undefined {
    let [first, last]: [number | undefined, number] = [undefined, 0]
    for (const [index] of this.buckets()) {
      first ??= index
      last = index
    }
    if (first == null) return undefined
    const { lowest, width } = bucketOf(last)
    return { min: bucketOf(first).lowest, max: lowest + width - 1 }
  }
}
