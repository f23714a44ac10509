/** In which order members compare their clocks with the controller's, so that each finds it idle. Pure. */

/** ms for each, and for all of a large mesh. */
const TURN = 1.5
const MOST = 500
/** Between the last turn and the instant that all wait for, ms. */
const CALM = 40

/** What a clock was compared with is old after this, ms: even a poor one has gone wrong by no more than a few ms then. */
export const CLOCK_OLD = 60_000

/** @returns how long it takes until so many have had their turn and all is quiet again, ms */
export const turnsTake = (members: number) => Math.min(MOST, members * TURN) + CALM

/** @returns when the turn of one of them comes: after the first, and before the instant that all wait for, ms */
export function turnOf(members: Array<{ peer: string }>, self: string): { after: number; before: number } {
  const whole = turnsTake(members.length)
  const place = Math.max(
    0,
    members.findIndex(({ peer }) => peer === self)
  )
  const after = (place / Math.max(1, members.length)) * (whole - CALM)
  return { after, before: whole - after }
}
