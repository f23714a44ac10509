/** Many counters of which most stay at 0: those have no series. */
import type { Put } from '../../series/reader.ts'

/**
 * For the series of one file, which are sampled together: the times of its samples are kept once, whatever stays at 0.
 * @returns makes what writes a series once it has another value than 0, and then the zeros before that, too
 */
export function unlessZero(): (open: () => Put) => Put {
  const times: number[] = []
  return open => {
    let put: Put | undefined
    let first = -1
    return (at, value) => {
      if (put != null) return put(at, value)
      if (!Number.isFinite(value)) return
      if (times.at(-1) !== at) times.push(at)
      if (first < 0) first = times.length - 1
      if (value === 0) return
      put = open()
      for (let i = first; i < times.length - 1; i++) put(times[i] as number, 0)
      put(at, value)
    }
  }
}
