/** How a run can end, and the exit status of `bak run` for it. */
import { exitStatus } from './errors.ts'

export const VERDICTS = ['ok', 'workload-failed', 'threshold', 'quorum', 'cancelled', 'failed'] as const
export type Verdict = (typeof VERDICTS)[number]

/** @returns whether a run had all members, and everything else that it was asked for */
export const isWhole = ({ partial, shortfalls }: { partial: boolean; shortfalls: unknown[] }): boolean =>
  !partial && shortfalls.length === 0

/**
 * @param whole false for a run that lacks members or anything else that it was asked for
 * @returns the exit status of a run; `strict` makes a result that is not whole a failure
 */
export function statusOf(verdict: Verdict, whole = true, strict = false): number {
  if (verdict === 'ok') return whole || !strict ? 0 : exitStatus.partial
  if (verdict === 'failed') return exitStatus.io
  return exitStatus[verdict]
}
