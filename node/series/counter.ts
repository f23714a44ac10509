/** From a counter to rates. Pure. */
import type { CounterOptions } from './reader.ts'

/**
 * @param wrap bits after which the counter begins at 0 again
 * @returns how much it has grown; not a number if it was reset
 */
export function grownBy(before: number, now: number, wrap?: number): number {
  const grown = now - before
  if (grown >= 0) return grown
  const modulus = wrap == null ? 0 : 2 ** wrap
  // a counter that wrapped was in the upper half and is in the lower one: with more between two samples nothing is known
  const wrapped = grown + modulus
  return wrapped >= 0 && wrapped < modulus / 2 && before < modulus ? wrapped : Number.NaN
}

/**
 * @returns what takes the samples of a counter and returns the mean rate a second since the one before; undefined if there is none: at the
 * first sample, after a reset, and where no time has passed
 */
export function rateOf({ wrap, scale = 1 }: CounterOptions = {}): (t: number, value: number) => number | undefined {
  let before = Number.NaN
  let at = Number.NaN
  return (t, value) => {
    const passed = t - at
    // a second sample of the same instant says nothing new; a clock that was set back begins anew
    if (passed === 0) return undefined
    const grown = grownBy(before, value, wrap)
    before = value
    at = t
    return passed > 0 && grown >= 0 ? (grown * scale * 1000) / passed : undefined
  }
}
