/**
 * What one member measured of one task, by the second in which requests ended: counts for ever, the sizes of latencies until a row is closed.
 * Of a task that is longer than its rows two rows become one.
 */
import { MAX_SECONDS } from '../../../protocols/tasks/tasks-file.ts'
import { Sizes } from './sizes.ts'

const KINDS = ['latency', 'service'] as const
type Kind = (typeof KINDS)[number]

/** ms */
export interface RowStats {
  p50: number
  p99: number
  max: number
}

/** Sizes of a row that is open. */
export type OpenRow = Record<Kind, Sizes>

export const newRow = (): OpenRow => ({ latency: new Sizes(), service: new Sizes() })

export function mergeRow(into: OpenRow, from: OpenRow): void {
  for (const kind of KINDS) into[kind].join(from[kind])
}

function statsOf(sizes: Sizes): RowStats | null {
  if (sizes.sizes.count === 0) return null
  const [p50, p99] = sizes.quantiles([0.5, 0.99]) as [number, number]
  return { p50, p99, max: sizes.max }
}

/** What is known of all rows: the members' are summed up. */
export class Rows {
  /** Length of one, s. */
  every = 1
  /** Requests that ended, those that failed, and the weights of the others. */
  readonly ended: number[] = []
  readonly failed: number[] = []
  readonly operations: number[] = []
  readonly latency: (RowStats | null)[] = []
  readonly service: (RowStats | null)[] = []
  readonly open = new Map<number, OpenRow>()
  /** Rows in which samples of the warm-up ended. */
  warmup = 0

  noteWarmup(row: number): void {
    if (row >= this.warmup) this.warmup = row + 1
  }

  /** @param second since the begin of the element @returns its row, which is there */
  at(second: number): number {
    const row = Math.floor(second / this.every)
    for (let next = this.ended.length; next <= row; next++) {
      for (const column of [this.ended, this.failed, this.operations]) column.push(0)
      this.latency.push(null)
      this.service.push(null)
    }
    return row
  }

  /** @returns sizes of a row; undefined of one that is closed */
  sizesOf(row: number): OpenRow | undefined {
    const known = this.open.get(row)
    if (known != null || this.latency[row] != null) return known
    const made = newRow()
    this.open.set(row, made)
    return made
  }

  /** Of a row nothing but counts is taken from now on. @returns its sizes */
  close(row: number): OpenRow | undefined {
    const open = this.open.get(row)
    if (open == null) return undefined
    this.open.delete(row)
    this.latency[row] = statsOf(open.latency)
    this.service[row] = statsOf(open.service)
    return open
  }

  /** Two rows become one; those that are open are closed before: also ones that came behind their time. */
  halve(): void {
    for (const row of [...this.open.keys()]) this.close(row)
    const { ended } = this
    for (const stats of [this.latency, this.service]) {
      for (let i = 0; i < ended.length; i += 2) stats[i / 2] = bothOf(stats, i, ended)
      stats.length = Math.ceil(ended.length / 2)
    }
    for (const column of [this.failed, this.operations, ended]) {
      for (let i = 0; i < column.length; i += 2) column[i / 2] = (column[i] ?? 0) + (column[i + 1] ?? 0)
      column.length = Math.ceil(column.length / 2)
    }
    this.every *= 2
    this.warmup = Math.ceil(this.warmup / 2)
  }
}

/** @returns whether there are more seconds than rows of this length */
export const isBeyond = (second: number, every: number) => second >= MAX_SECONDS * every

/** Of medians the mean, weighted; of the others the larger one. */
function bothOf(stats: (RowStats | null)[], i: number, ended: number[]): RowStats | null {
  const [one, other] = [stats[i] ?? null, stats[i + 1] ?? null]
  if (one == null || other == null) return one ?? other
  const [first, second] = [ended[i] ?? 0, ended[i + 1] ?? 0]
  return {
    p50: (one.p50 * first + other.p50 * second) / Math.max(1, first + second),
    p99: Math.max(one.p99, other.p99),
    max: Math.max(one.max, other.max)
  }
}
