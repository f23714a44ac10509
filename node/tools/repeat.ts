/** A timer at fixed instants: a late call does not delay the next one. */
interface Repeating {
  /** @returns how many calls were due and were not made; undefined if it is stopped already */
  stop(): { missed: number; due: number } | undefined
}

/** Calls `act` at each multiple of `period` ms from now; missed calls are skipped. */
export function repeat(act: () => void, period: number): Repeating {
  const origin = performance.now()
  let tick = 0
  let missed = 0
  let timer: NodeJS.Timeout | undefined
  const next = () => {
    const elapsed = performance.now() - origin
    const following = nextTick(tick, elapsed, period)
    missed += following - tick - 1
    tick = following
    timer = setTimeout(run, tick * period - elapsed)
  }
  const run = () => {
    act()
    next()
  }
  next()
  return {
    stop() {
      if (timer == null) return undefined
      clearTimeout(timer)
      timer = undefined
      // the last one may be late by a little
      const due = Math.floor((performance.now() - origin) / period)
      return { missed: missed + Math.max(0, due - tick), due }
    }
  }
}

/** @returns the first multiple of `period` after `elapsed`; a later one than `tick` also if its timer fired early */
export function nextTick(tick: number, elapsed: number, period: number): number {
  return Math.max(tick + 1, Math.floor(elapsed / period) + 1)
}
