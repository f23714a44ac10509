/** For how long this thread was ready to work and had no processor: what else the machine does makes its clients late, and not what they do. */
import { readFileSync } from 'node:fs'

export interface Waits {
  /** By `performance.now()`. */
  at: number
  /** ms since the thread began. */
  waited: number
}

/** @returns undefined where the kernel does not tell */
export function waitedNow(): Waits | undefined {
  try {
    const waited = waitedIn(readFileSync('/proc/thread-self/schedstat', 'ascii'))
    return waited == null ? undefined : { at: performance.now(), waited }
  } catch {
    return undefined
  }
}

/**
 * @param text nanoseconds on a processor, nanoseconds of waiting for one, turns
 * @returns ms of waiting; undefined where the kernel counts none of it: that says 0 also of a thread that runs
 */
export function waitedIn(text: string): number | undefined {
  const [ran = 0, waited = 0] = text.split(' ').map(Number)
  return ran === 0 ? undefined : waited / 1e6
}

/** @returns the share of the time, 0 to 1; undefined where the kernel does not tell */
export function waitedSince(begin: Waits | undefined, now = waitedNow()): number | undefined {
  if (begin == null || now == null) return undefined
  const share = (now.waited - begin.waited) / (now.at - begin.at)
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : undefined
}
