/** How a command ended on each member, as a table. Pure. */
import type { WorkloadResult } from '../protocols/phase.ts'
import { formatTable } from '../protocols/text-table.ts'
import { formatDuration } from './format.ts'

/** With more members only those are named on which it failed. */
const MAX_ROWS = 16

/** How it ended on a member; only why, where it did not run. */
export type ExecResult = { member: string; why?: string } & Partial<WorkloadResult>

/** @returns the table, and before it how many are not in it; nothing where there is nothing to tell */
export function formatResults(results: ExecResult[], width?: number): string[] {
  const sorted = results.toSorted((a, b) => (a.member < b.member ? -1 : 1))
  const failed = sorted.filter(({ exit }) => exit !== 0)
  const shown = sorted.length > MAX_ROWS ? failed : sorted
  const well = sorted.length - failed.length
  const summary = shown === sorted ? [] : [`exit 0 on ${well} of ${sorted.length} members`]
  if (shown.length === 0) return summary
  const rows = shown.map(result => [result.member, exitOf(result), durationOf(result), result.error ?? result.why])
  const hasReason = rows.some(([, , , why]) => why != null)
  const head = ['MEMBER', 'EXIT', 'TOOK', ...(hasReason ? ['WHY'] : [])]
  const cells = rows.map(row => (hasReason ? row : row.slice(0, 3)))
  return [...summary, ...formatTable(head, cells, width).split('\n')]
}

function exitOf({ exit, signal, timedOut }: ExecResult): string | undefined {
  const how = signal ?? (exit == null ? undefined : String(exit))
  return timedOut ? `${how}, timed out` : how
}

const durationOf = ({ duration, exit, signal }: ExecResult) =>
  duration == null || (exit == null && signal == null) ? undefined : formatDuration(duration)
