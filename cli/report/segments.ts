/** The points of a series in one file, thinned; those of all samples one after the other, with a gap in between. Series of the same times share an axis. */
import { type Thinning, thinTimes } from './thin.ts'

/** The times of a file, once for all series that have them. */
export interface SegmentTimes {
  id: number
  by: Thinning
}

export interface Segment {
  thinning: SegmentTimes
  values: Float64Array
  /** Points before they were thinned. */
  measured: number
}

export class SegmentAxes {
  #next = 0
  readonly #known = new Map<string, Array<{ times: Float64Array; most: number; made: SegmentTimes }>>()
  /** By the ids of their segments. */
  readonly joined = new Map<string, number>()

  /** What comes is of another file: its times are not compared with those before. */
  nextFile(): void {
    this.#known.clear()
  }

  /** @param t ms since 1970 @returns s since `begun`, thinned */
  thinned(t: Float64Array, most: number, begun: number): SegmentTimes {
    const likely = `${t.length} ${t[0]} ${t[t.length - 1]}`
    const alike = this.#known.get(likely) ?? []
    const known = alike.find(each => each.most === most && isSame(each.times, t))
    if (known != null) return known.made
    const made = {
      id: this.#next++,
      by: thinTimes(
        t.map(each => (each - begun) / 1000),
        most
      )
    }
    this.#known.set(likely, [...alike, { times: t, most, made }])
    return made
  }
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/** @param addAxis called for times that no series before had @returns the axis, and a value for each of its times */
export function joinSegments(
  segments: Segment[],
  { joined }: SegmentAxes,
  addAxis: (times: Float64Array) => number
): { axis: number; values: Float64Array } {
  const ordered = segments.toSorted((a, b) => (a.thinning.by.times[0] ?? 0) - (b.thinning.by.times[0] ?? 0))
  const times: number[] = []
  const values: number[] = []
  for (const { thinning, values: own } of ordered) {
    const next = thinning.by.times
    const last = times.at(-1)
    if (last != null && next.length > 0 && (next[0] as number) > last) {
      times.push((last + (next[0] as number)) / 2)
      values.push(Number.NaN)
    }
    for (let at = 0; at < next.length; at++) {
      // an axis only goes forward: what two files have of the same time counts once
      if (times.length > 0 && (next[at] as number) <= (times.at(-1) as number)) continue
      times.push(next[at] as number)
      values.push(own[at] as number)
    }
  }
  const id = ordered.map(({ thinning }) => thinning.id).join(' ')
  const axis = joined.get(id) ?? addAxis(Float64Array.from(times))
  joined.set(id, axis)
  return { axis, values: Float64Array.from(values) }
}
