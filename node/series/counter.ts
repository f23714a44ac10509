/** From a counter to rates. Pure. */
import type { CounterOptions } from './reader.ts'

/**
 * @returns what takes the samples of a counter and returns the mean rate a second since the one before; undefined if there is none: at the
 * first sample, after a reset, and where no time has passed
 */
export function rateOf({ wrap, scale = 1 }: CounterOptions = {}): (t: number, value: number) => number | undefined {
  const modulus = wrap == null ? 0 : 2 ** wrap
  let before = Number.NaN
  let at = Number.NaN
  return (t, value) => {
    const passed = t - at
    // a second sample of the same instant says nothing new; a clock that was set back begins anew
    if (passed === 0) return undefined
    const from = before
    before = value
    at = t
    if (!(passed > 0)) return undefined
    const grown = value - from
    if (grown >= 0) return (grown * scale * 1000) / passed
    // a counter that wrapped was in the upper half and is in the lower one: with more between two samples nothing is known
    const wrapped = grown + modulus
    if (wrapped < 0 || wrapped >= modulus / 2 || from >= modulus) return undefined
    return (wrapped * scale * 1000) / passed
  }
}
