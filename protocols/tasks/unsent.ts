/** That a target could not keep up with its rate, in words. */

/** @param count of requests that were due and not sent @returns undefined for none */
export const unsentIn = (count = 0): string | undefined =>
  count === 0
    ? undefined
    : `${count} ${count === 1 ? 'request was' : 'requests were'} due and not sent: the target could not keep up, or there are too few clients`
