/** Waits that a signal ends. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError } from '../protocols/errors.ts'

/** Waits for `ms`, or until the signal aborts. Never rejects. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

/** @throws {BakError} the signal's reason, if the signal aborts before the work ends; the work itself goes on */
export function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const stop = onAbort(signal, () => aborted.reject(asBakError(signal.reason)))
  return Promise.race([work, aborted.promise]).finally(stop)
}

export interface TimeLimit {
  signal?: AbortSignal
  ms: number
  /** What it is when the time is over. */
  late(): Error
}

/** As `within`, with a longest time, too. @throws {BakError} what `late` gives, if the work takes longer */
export async function inTime<T>(work: Promise<T>, { signal, ms, late }: TimeLimit): Promise<T> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(late()), ms)
  try {
    return await within(work, signal == null ? over.signal : AbortSignal.any([signal, over.signal]))
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Calls `act` once when the signal aborts; at once if it is aborted already.
 * @returns removes the listener
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act()
  else signal.addEventListener('abort', act, { once: true })
  return () => signal.removeEventListener('abort', act)
}

/** Waits for the next event of a type, or until the signal aborts. Never rejects. */
export async function nextEvent(target: EventTarget, type: string, signal: AbortSignal): Promise<void> {
  await once(target, type, { signal }).catch(() => {})
}

/** When the work has ended, however it did, or after `ms`: it goes on then. Never rejects. */
export async function settledWithin(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  await Promise.race([work.catch(() => {}), pause(ms, timer.signal)])
  timer.abort()
}
