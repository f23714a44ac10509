/**
 * The clock of this machine, one for all: tools, journal, record, certificates. It is the wall clock with the fractions of the monotonic
 * one, follows the wall clock where that is set, and remembers that it was set.
 */

export interface ClockStep {
  /** The clock after it, ms since 1970. */
  at: number
  /** How far it was set, ms; back where negative. */
  by: number
}

/** Both clocks must be read within this time; after an interruption they are read again. */
const READING_MS = 0.1
const MAX_READINGS = 5
/** A clock that moves further at once was set, or the machine slept: NTP corrects less than this by running faster or slower. */
const STEP_MS = 500
/** Latest steps that are remembered. */
const MAX_STEPS = 64

let origin = performance.timeOrigin
const steps: Array<ClockStep & { noticed: number }> = []

/** @returns ms since 1970, with fractions */
export function now(): number {
  for (let readings = 1; ; readings++) {
    const before = performance.now()
    const wall = Date.now()
    const after = performance.now()
    if (after - before > READING_MS && readings < MAX_READINGS) continue
    const fine = origin + after
    // Date.now() has no fractions: the true time lies within this ms
    const truth = Math.min(Math.max(fine, wall), wall + 1)
    const by = truth - fine
    if (Math.abs(by) > STEP_MS + (after - before)) note({ at: truth, by, noticed: after })
    origin += by
    return truth
  }
}

function note(step: ClockStep & { noticed: number }): void {
  steps.push(step)
  if (steps.length > MAX_STEPS) steps.shift()
}

/** @param since by `performance.now()` @returns how often the clock was set after that, oldest first */
export function clockSteps(since: number): ClockStep[] {
  now()
  return steps.filter(({ noticed }) => noticed > since).map(({ at, by }) => ({ at, by }))
}

/** `set forward by 3600.0 s at 2026-11-22T21:30:15.000Z` */
export const describeStep = ({ at, by }: ClockStep): string =>
  `set ${by < 0 ? 'back' : 'forward'} by ${(Math.abs(by) / 1000).toFixed(1)} s at ${new Date(at).toISOString()}`
