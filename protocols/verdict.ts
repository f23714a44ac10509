/** How a run can end, and the exit status of `bak run` for it. */
import { exitStatus } from './errors.ts'

export const VERDICTS = ['ok', 'workload-failed', 'quorum', 'cancelled', 'failed'] as const
export type Verdict = (typeof VERDICTS)[number]

/** @returns the exit status of a run; `strict` makes a partial result a failure */
export function statusOf(verdict: Verdict, partial: boolean, strict = false): number {
  if (verdict === 'ok') return partial && strict ? exitStatus.partial : 0
  if (verdict === 'failed') return exitStatus.io
  return exitStatus[verdict]
}
