/** From the monotonic clock of a thread to the wall clock of the machine, better than the millisecond that `Date.now()` has. */

/** ms: the wall clock goes on to its next millisecond at least twice. */
const WATCHED_MS = 2.5

/** @returns what is to be added to `performance.now()` for ms since 1970; takes 2.5 ms */
export function wallOffset(): number {
  let [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const end = performance.now() + WATCHED_MS
  for (let before = performance.now(); before < end; before = performance.now()) {
    const wall = Date.now()
    // the true time was between this millisecond and the next, at a moment between the two readings
    least = Math.max(least, wall - performance.now())
    most = Math.min(most, wall + 1 - before)
  }
  // a clock that is set meanwhile leaves nothing in between
  return (least + most) / 2
}
