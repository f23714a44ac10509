/** Many counters of which most stay at 0: those have no series. */
import type { Put } from '../../series/reader.ts'

/**
 * What was 0 before the first other value is written then.
 * @param open makes the series when it is needed
 */
export function unlessZero(open: () => Put): Put {
  let put: Put | undefined
  let zeros: number[] = []
  return (at, value) => {
    if (put == null) {
      if (value === 0) {
        zeros.push(at)
        return
      }
      if (!Number.isFinite(value)) return
      put = open()
      for (const each of zeros) put(each, 0)
      zeros = []
    }
    put(at, value)
  }
}
