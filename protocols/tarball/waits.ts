/** Waits between tries, and reports that do not come too often. */
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError } from '../errors.ts'

const MAX_WAIT_MS = 10_000
const PROGRESS_INTERVAL_MS = 100

/** Doubles with each attempt, up to ten seconds, give or take half of it. */
export const jittered = (ms: number, attempt: number) =>
  Math.min(MAX_WAIT_MS, ms * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random())

/** @throws {BakError} the reason of the signal, if it aborts first */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw asBakError(signal.reason)
  })
}

/** Calls `report` at most ten times a second, and always for the last byte. */
export function rarely(
  report: (done: number, total: number) => void = () => {}
): (done: number, total: number) => void {
  let last = Number.NEGATIVE_INFINITY
  return (done, total) => {
    if (done < total && performance.now() - last < PROGRESS_INTERVAL_MS) return
    last = performance.now()
    report(done, total)
  }
}
