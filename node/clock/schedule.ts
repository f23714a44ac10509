/** The order in which members compare their clocks with the controller's, so that each finds it idle. Pure. */

/** The share of each member, and the limit for a large mesh. */
const TURN_MS = 1.5
const MAX_TURNS_MS = 500
/** Between the last turn and the instant for which all wait. */
const SETTLE_MS = 40

/** A measured offset is used for so long: even a poor clock has drifted by no more than a few ms then. */
export const CLOCK_MAX_AGE_MS = 60_000

/** @returns ms until so many members have had their turns and the network has settled */
export const turnsDuration = (members: number) => Math.min(MAX_TURNS_MS, members * TURN_MS) + SETTLE_MS

/** @returns when the turn of one member comes, ms after the first turn and ms before the instant for which all wait */
export function turnOf(members: Array<{ peer: string }>, self: string): { after: number; before: number } {
  const whole = turnsDuration(members.length)
  const place = Math.max(
    0,
    members.findIndex(({ peer }) => peer === self)
  )
  const after = (place / Math.max(1, members.length)) * (whole - SETTLE_MS)
  return { after, before: whole - after }
}
