/** When a phase is over, and how it went. Pure: takes values, returns values. */
import type { Quorum } from '../../protocols/spec-fields.ts'

/** @returns how many of `size` members must answer; a count above the size can never be met and stays as it is */
export function neededOf(quorum: Quorum, size: number): number {
  if (quorum === 'all') return size
  if (quorum === 'majority') return Math.floor(size / 2) + 1
  if (typeof quorum === 'number') return quorum
  return Math.ceil((Number.parseFloat(quorum) / 100) * size)
}

export interface Question {
  needed: number
  /** Members that answered ok, and that can still answer. */
  ok: number
  waiting: number
  deadlinePassed: boolean
  /** A phase that cleans up waits for everyone who can still answer, however the quorum stands. */
  cleanup?: boolean
  /** The answers that are needed end it, whoever else is waited for. */
  first?: boolean
}

/**
 * Open while it can still change; met when all have answered, or at the deadline if enough have; failed at once when
 * enough cannot answer any more.
 */
export function judge({
  needed,
  ok,
  waiting,
  deadlinePassed,
  cleanup = false,
  first = false
}: Question): 'open' | 'met' | 'failed' {
  if (first && ok >= needed) return 'met'
  if (waiting === 0 || deadlinePassed) return ok >= needed ? 'met' : 'failed'
  if (ok + waiting < needed && !cleanup) return 'failed'
  return 'open'
}
