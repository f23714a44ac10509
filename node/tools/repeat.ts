/** Acts at an even pace: what makes one time late does not move the next. */
export interface Repeating {
  /** @returns false if it was stopped before */
  stop(): boolean
}

/** Calls `act` at each multiple of `period` ms from now; what was missed is left out, never made up for. */
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

/** @returns the first multiple of `period` after `elapsed`, and never again the one that was, if its timer was early */
export function nextTick(tick: number, elapsed: number, period: number): number {
  return Math.max(tick + 1, Math.floor(elapsed / period) + 1)
}
