/** Steps that are over at once are cheapest without a wait for each; but others must have their turn in between. */
import { setImmediate } from 'node:timers/promises'

/** Steps of some ten µs from one turn of the others to the next. */
const STEPS = 64

/** Is awaited at each step. */
export type Yield = () => Promise<void> | undefined

export function yielder(): Yield {
  let steps = 0
  return () => (++steps % STEPS === 0 ? setImmediate() : undefined)
}
