/** Waits of tests for something to become true. */
import { setTimeout as sleep } from 'node:timers/promises'

/** From one look at the condition to the next, ms. */
const EVERY_MS = 10

export interface UntilOptions {
  /** ms */
  timeout?: number
  /** The condition in words, for the failure; asked when it fails. */
  what?: string | (() => string)
}

/** @returns what `condition` gives as soon as that is neither false nor nothing @throws when it is not within the timeout */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeout = 10_000, what = 'the condition holds' }: UntilOptions = {}
): Promise<Exclude<T, false | null | undefined>> {
  for (const deadline = performance.now() + timeout; ; await sleep(EVERY_MS)) {
    const found = await condition()
    if (found !== false && found != null) return found as Exclude<T, false | null | undefined>
    if (performance.now() > deadline)
      throw new Error(`not within ${timeout / 1000} s: ${typeof what === 'string' ? what : what()}`)
  }
}
