/**
 * How the slots of a machine are divided among the runs that have jobs for it: as evenly as what they want allows. What runs is never ended for
 * another run, so a run that has more than its share gets nothing new until it has less. Pure.
 */

/** One run that has jobs here. */
export interface SlotClaim {
  /** Slots of its jobs that run here. */
  taken: number
  /** Slots that its other jobs would take; 0 where nothing is known. */
  wanted: number
  /** Of the largest of these jobs. */
  most: number
}

/**
 * @param max slots of the machine
 * @param claims those that have waited longest since a job of theirs began come first
 * @returns for each, in the same order, the slots that it may take now
 */
export function freeSlots(max: number, claims: readonly SlotClaim[]): number[] {
  const room = Math.max(0, max - claims.reduce((sum, { taken }) => sum + taken, 0))
  const shares = evenShares(
    max,
    claims.map(({ taken, wanted }) => taken + wanted)
  )
  const claimed = claims.map(({ taken }, i) => Math.max(0, (shares[i] as number) - taken))
  const first = claims.findIndex(({ wanted }) => wanted > 0)
  const need = Math.min(claims[first]?.most ?? 0, max)
  // a job that needs more than the share of its run would wait for ever beside small ones of others
  const isLarge = first >= 0 && need > (shares[first] as number)
  if (isLarge && need > room) return granted(room, claimed).map((slots, i) => (i === first ? slots : 0))
  if (isLarge) claimed[first] = need
  const given = granted(room, claimed)
  const left = room - given.reduce((sum, slots) => sum + slots, 0)
  // what nobody has claimed is there for all, and has whoever is offered a job first
  return given.map(slots => slots + left)
}

/** @returns parts of `total`, none above its demand, and none below another unless that is all that it demands; in a tie the first has more */
function evenShares(total: number, demands: readonly number[]): number[] {
  const shares = demands.map(() => 0)
  const rising = [...demands.keys()].sort((a, b) => (demands[a] as number) - (demands[b] as number) || b - a)
  let left = total
  for (const [done, i] of rising.entries()) {
    const share = Math.min(demands[i] as number, Math.floor(left / (rising.length - done)))
    shares[i] = share
    left -= share
  }
  return shares
}

/** @returns what there is room for, the first ones first */
function granted(room: number, claimed: readonly number[]): number[] {
  let left = room
  return claimed.map(slots => {
    const given = Math.min(slots, left)
    left -= given
    return given
  })
}
