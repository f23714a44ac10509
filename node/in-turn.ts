/** One piece of work after the other: each begins when the one before is over, however that ended. */

/** @returns a function that does a piece of work in its turn */
export function inTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return work => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
}
