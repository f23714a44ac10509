/** Lets other work of the daemon run in between many short synchronous steps, without a wait for each of them. */
import { setImmediate } from 'node:timers/promises'

/** At some 10 µs a step other work waits less than 1 ms. */
const STEPS_PER_YIELD = 64

/** Awaited at each step. */
export type Yield = () => Promise<void> | undefined

export function yielder(): Yield {
  let steps = 0
  return () => (++steps % STEPS_PER_YIELD === 0 ? setImmediate() : undefined)
}
