/** Holm's correction: of many tests that are made together, some come out below 0.05 by chance. Pure. */

/** @returns each p as it counts beside the others, in their order; at most 1 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((i, j) => (ps[i] as number) - (ps[j] as number))
  const adjusted = new Array<number>(ps.length)
  let highest = 0
  for (const [rank, i] of order.entries()) {
    // one that is beside a smaller one cannot count more than that
    highest = Math.max(highest, Math.min(1, (ps[i] as number) * (ps.length - rank)))
    adjusted[i] = highest
  }
  return adjusted
}
