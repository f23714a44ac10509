/** How much a counter has grown between two samples. Pure. */

const WRAP = 2 ** 32

/**
 * @param wraps whether it may be one of 32 bits, which begins again at 0
 * @returns NaN if it has been set back
 */
export function grownBy(before: number, now: number, wraps = false): number {
  const grown = now - before
  if (grown >= 0) return grown
  // from its upper half into its lower one: what has been set back is elsewhere, but for one case in four
  return wraps && before < WRAP && before >= WRAP / 2 && now < WRAP / 2 ? grown + WRAP : Number.NaN
}
