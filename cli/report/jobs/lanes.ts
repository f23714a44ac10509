/** Places attempts that a member had at the same time in lanes, so that none covers another. Pure. */

interface Span {
  from: number
  to: number
}

/**
 * @param spans by when they began
 * @returns the lane of each, the lowest that is free then, and how many there are
 */
export function lanesOf(spans: readonly Span[]): { lanes: number[]; count: number } {
  /** When the last span of each lane ends. */
  const ends: number[] = []
  const lanes = spans.map(({ from, to }) => {
    const free = ends.findIndex(end => end <= from)
    const lane = free < 0 ? ends.length : free
    ends[lane] = to
    return lane
  })
  return { lanes, count: ends.length }
}
