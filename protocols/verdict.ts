/** How a run can end, the word for it, and the exit status that `bak run` has then. */
import { exitStatus } from './errors.ts'

export const WORDS = ['ok', 'workload-failed', 'quorum', 'cancelled', 'failed'] as const
export type Verdict = (typeof WORDS)[number]

/** @returns the exit status of a run that ended so; `--strict` makes a partial one a failure. */
export function statusOf(verdict: Verdict, partial: boolean, strict = false): number {
  if (verdict === 'ok') return partial && strict ? exitStatus.partial : 0
  if (verdict === 'failed') return exitStatus.io
  return exitStatus[verdict]
}
