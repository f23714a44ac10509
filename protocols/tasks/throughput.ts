/**
 * Operations a second of one task, from samples in any order: those of several members come late and mixed. Kept is one row for each second, so
 * memory grows with the time and not with the samples. Read are cumulative averages since the begin, as Rally has them, warm-up included, one with
 * the first sample of each second. Pure but for itself.
 */
import { medianOf } from '../quantiles.ts'

/** s: what ended sooner took no time that a clock can tell, and what comes of a division by that may be more than any number. */
const SHORTEST = 1e-6

interface Second {
  operations: number
  /** The first sample of the second: when it ended, s, and its operations. */
  first: number
  firstOperations: number
}

/** s since the begin, whether it is of the warm-up, operations a second since the begin. */
export type ThroughputRow = [second: number, warmup: boolean, value: number]

export interface ThroughputSummary {
  min: number
  mean: number
  median: number
  max: number
}

export class ThroughputCounter {
  readonly #seconds = new Map<number, Second>()
  /** s, of the ends of samples. */
  #firstNormal = Number.POSITIVE_INFINITY
  #last = 0

  /**
   * @param ended s since the begin of the element
   * @param operations that it stands for; 0 of one that failed
   */
  add(ended: number, operations: number, isWarmup: boolean): void {
    const row = this.#rowOf(Math.floor(ended))
    row.operations += operations
    if (ended < row.first) {
      row.first = ended
      row.firstOperations = operations
    } else if (ended === row.first) row.firstOperations += operations
    this.#note(ended, isWarmup)
  }

  /** Of samples of which only the second is known in which they ended: as if all had ended with it, evenly. */
  addSecond(second: number, operations: number, isWarmup: boolean): void {
    const row = this.#rowOf(second)
    row.operations += operations
    if (second < row.first) {
      row.first = second
      row.firstOperations = 0
    }
    this.#note(second, isWarmup)
    this.#last = Math.max(this.#last, second + 1)
  }

  /** @returns cumulative averages, one a second; the last sample has one where no normal one has, and some time has gone by until it */
  rows(): ThroughputRow[] {
    const rows: ThroughputRow[] = []
    let before = 0
    for (const second of [...this.#seconds.keys()].sort((one, other) => one - other)) {
      const { operations, first, firstOperations } = this.#seconds.get(second) as Second
      // a whole second has gone by
      if (first >= 1) rows.push([first, first < this.#firstNormal, (before + firstOperations) / first])
      before += operations
    }
    const isWarmup = this.#firstNormal === Number.POSITIVE_INFINITY
    const isShown = rows.some(([, warmup]) => warmup === isWarmup)
    if (!isShown && this.#last >= SHORTEST) rows.push([this.#last, isWarmup, before / this.#last])
    return rows
  }

  #rowOf(second: number): Second {
    const known = this.#seconds.get(second)
    if (known != null) return known
    const row = { operations: 0, first: Number.POSITIVE_INFINITY, firstOperations: 0 }
    this.#seconds.set(second, row)
    return row
  }

  #note(ended: number, isWarmup: boolean): void {
    if (!isWarmup) this.#firstNormal = Math.min(this.#firstNormal, ended)
    this.#last = Math.max(this.#last, ended)
  }
}

/** @returns over the normal rows; undefined where there is none */
export function summarizeRows(rows: ThroughputRow[]): ThroughputSummary | undefined {
  const values = rows.filter(([, warmup]) => !warmup).map(([, , value]) => value)
  if (values.length === 0) return undefined
  const [first = 0] = values
  const of = (choose: (one: number, other: number) => number) => values.reduce(choose, first)
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length
  return { min: of((a, b) => Math.min(a, b)), mean, median: medianOf(values), max: of((a, b) => Math.max(a, b)) }
}
