/** A timer at fixed instants: a late call does not delay the next one. */
interface Repeating {
  /** @returns false if it is stopped already */
  stop(): boolean
}

/** Calls `act` at each multiple of `period` ms from now; missed calls are skipped. */
export function repeat(act: () => void, period: number): Repeating {
  const origin = performance.now()
  let tick = 0
  let timer: NodeJS.Timeout | undefined
  const next = () => {
    const elapsed = performance.now() - origin
    tick = nextTick(tick, elapsed, period)
    timer = setTimeout(run, tick * period - elapsed)
  }
  const run = () => {
    act()
    next()
  }
  next()
  return {
    stop() {
      if (timer == null) return false
      clearTimeout(timer)
      timer = undefined
      return true
    }
  }
}

/** @returns the first multiple of `period` after `elapsed`; a later one than `tick` also if its timer fired early */
export function nextTick(tick: number, elapsed: number, period: number): number {
  return Math.max(tick + 1, Math.floor(elapsed / period) + 1)
}
