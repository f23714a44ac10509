/** A series for a picture: no more points than can be seen, and none of the extremes lost. */

export interface Points {
  /** s of the run, ascending. */
  t: Float64Array
  /** NaN is a gap. */
  v: Float32Array
}

/** @returns the index of the first time that is not below `at`; the length where all are */
export function firstAt(t: Float64Array, at: number): number {
  let [low, high] = [0, t.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((t[middle] as number) < at) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * @returns the points between two times and one beyond each, for a width of `columns`: where a column has more than four, its first, least, greatest and
 * last in the order of their times
 */
export function reduce({ t, v }: Points, from: number, to: number, columns: number): Points {
  const begin = Math.max(0, firstAt(t, from) - 1)
  const end = Math.min(t.length, firstAt(t, to) + 1)
  if (end - begin <= 4 * columns) return { t: t.subarray(begin, end), v: v.subarray(begin, end) }
  const kept: number[] = []
  for (let column = 0; column < columns; column++) {
    const first = begin + Math.floor(((end - begin) * column) / columns)
    const beyond = begin + Math.floor(((end - begin) * (column + 1)) / columns)
    keepOf(v, first, beyond, kept)
  }
  return {
    t: Float64Array.from(kept, index => t[index] as number),
    v: Float32Array.from(kept, index => v[index] as number)
  }
}

function keepOf(v: Float32Array, first: number, beyond: number, kept: number[]): void {
  let [least, greatest, gap] = [-1, -1, -1]
  for (let index = first; index < beyond; index++) {
    const value = v[index] as number
    if (Number.isNaN(value)) gap = index
    else {
      if (least < 0 || value < (v[least] as number)) least = index
      if (greatest < 0 || value > (v[greatest] as number)) greatest = index
    }
  }
  const indices = [first, least, greatest, gap, beyond - 1].filter(index => index >= 0).sort((a, b) => a - b)
  for (const index of indices) if (kept.at(-1) !== index) kept.push(index)
}

/** @returns the mean over time and the maximum of what lies in one of the windows; over all where there are none */
export function statsWithin(
  { t, v }: Points,
  windows: Array<{ from: number; to: number }>
): { mean: number; max: number } {
  const all = windows.length === 0 ? [{ from: -Infinity, to: Infinity }] : windows
  let [sum, count, max] = [0, 0, Number.NaN]
  for (const { from, to } of all) {
    for (let index = firstAt(t, from); index < t.length && (t[index] as number) <= to; index++) {
      const value = v[index] as number
      if (Number.isNaN(value)) continue
      sum += value
      count++
      if (!(max >= value)) max = value
    }
  }
  return { mean: count === 0 ? Number.NaN : sum / count, max }
}

/** @returns the value at a time: that of the nearest point, if there is one within a twentieth of the span around */
export function valueAt({ t, v }: Points, at: number, reach: number): number {
  const after = firstAt(t, at)
  const before = after - 1
  const near = [before, after].filter(index => index >= 0 && index < t.length)
  const [nearest] = near.sort((a, b) => Math.abs((t[a] as number) - at) - Math.abs((t[b] as number) - at))
  if (nearest == null || Math.abs((t[nearest] as number) - at) > reach) return Number.NaN
  return v[nearest] as number
}

/** @returns the sum of parts of a whole; a part that has a gap counts as nothing where another has a value */
export function sumOf(parts: Points[]): Points {
  const [first] = parts
  if (first == null) return { t: new Float64Array(), v: new Float32Array() }
  const v = new Float32Array(first.t.length).fill(Number.NaN)
  for (const part of parts) {
    const length = Math.min(v.length, part.v.length)
    for (let index = 0; index < length; index++) {
      const value = part.v[index] as number
      if (Number.isNaN(value)) continue
      const before = v[index] as number
      v[index] = Number.isNaN(before) ? value : before + value
    }
  }
  return { t: first.t, v }
}
