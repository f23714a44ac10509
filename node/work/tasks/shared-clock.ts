/** The monotonic clock that all processes and threads of a machine share: by it they agree on a moment, whatever becomes of the wall clock meanwhile. */

const READINGS = 8

/** @returns what is to be added to this thread's `performance.now()`, ms */
export function sharedOffset(): number {
  let [offset, best] = [0, Number.POSITIVE_INFINITY]
  // something may come between the readings
  for (let reading = 0; reading < READINGS; reading++) {
    const before = performance.now()
    const [seconds, nanoseconds] = process.hrtime()
    const after = performance.now()
    if (after - before >= best) continue
    best = after - before
    offset = seconds * 1e3 + nanoseconds / 1e6 - (before + after) / 2
  }
  return offset
}
