/** Series as the columns of one table, which is what uPlot draws: one list of times, and a list of values each. */
import type uPlot from 'uplot'
import type { Points } from './reduce.ts'

export interface Line {
  label: string
  points: Points
  /** A variable of the style sheet. */
  colour: string
  dash?: number[]
}

export interface PlotTable {
  /** Of stacked lines each is the sum of itself and those before it. */
  data: uPlot.AlignedData
  /** @returns the value of a line itself, not of the stack below it; undefined in a gap */
  valueAt(line: number, index: number): number | undefined
  /** Points of a line alone between two gaps, which no line leads to. */
  alone(line: number): number[]
}

export function tableOf(lines: Line[], stacked: boolean): PlotTable {
  const points = lines.map(line => line.points)
  const t = unionOf(points)
  const columns = points.map(each => columnOf(each, t))
  const drawn = stacked ? stackOf(columns, t.length) : columns.map(withGaps)
  return {
    data: [t, ...drawn] as uPlot.AlignedData,
    valueAt(line, index) {
      const value = columns[line]?.[index]
      return value == null || Number.isNaN(value) ? undefined : value
    },
    alone: line => aloneIn(columns[line] as Float32Array)
  }
}

export function aloneIn(column: Float32Array): number[] {
  const isGap = (index: number) => index < 0 || index >= column.length || Number.isNaN(column[index] as number)
  const found: number[] = []
  for (let index = 0; index < column.length; index++) {
    if (!isGap(index) && isGap(index - 1) && isGap(index + 1)) found.push(index)
  }
  return found
}

/** @returns the times of all series, each once; those of one axis as they are */
export function unionOf(all: Points[]): Float64Array {
  const axes: Float64Array[] = []
  for (const { t } of all) if (!axes.some(axis => isSame(axis, t))) axes.push(t)
  const [first = new Float64Array(), ...others] = axes
  return others.reduce(merge, first)
}

/** The same part of the same block. */
const isSame = (a: Float64Array, b: Float64Array) =>
  a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length

function merge(a: Float64Array, b: Float64Array): Float64Array {
  const merged = new Float64Array(a.length + b.length)
  let [i, j, size] = [0, 0, 0]
  while (i < a.length || j < b.length) {
    const [x, y] = [i < a.length ? (a[i] as number) : Infinity, j < b.length ? (b[j] as number) : Infinity]
    if (x <= y) i++
    if (y <= x) j++
    merged[size++] = Math.min(x, y)
  }
  return merged.subarray(0, size)
}

/** A time that a series has no point at is on the straight line between its neighbours, so that lines of several axes are drawn alike. */
function columnOf({ t, v }: Points, axis: Float64Array): Float32Array {
  if (axis.length === t.length) return v
  const column = new Float32Array(axis.length).fill(Number.NaN)
  let next = 0
  for (let index = 0; index < axis.length; index++) {
    const at = axis[index] as number
    while (next < t.length && (t[next] as number) < at) next++
    if (next >= t.length) break
    const [t1, v1] = [t[next] as number, v[next] as number]
    if (t1 === at) column[index] = v1
    else if (next > 0) {
      const [t0, v0] = [t[next - 1] as number, v[next - 1] as number]
      column[index] = v0 + ((v1 - v0) * (at - t0)) / (t1 - t0)
    }
  }
  return column
}

/** uPlot knows a gap as null; what has none stays as it is, without a copy. */
function withGaps(column: Float32Array): ArrayLike<number | null> {
  return column.some(Number.isNaN) ? Array.from(column, value => (Number.isNaN(value) ? null : value)) : column
}

/** Each as the sum of itself and those before it. */
function stackOf(columns: Float32Array[], length: number): Array<ArrayLike<number | null>> {
  const sum = new Float64Array(length)
  const any = new Uint8Array(length)
  return columns.map(column => {
    const stacked: Array<number | null> = new Array(length)
    for (let index = 0; index < length; index++) {
      const value = column[index] as number
      if (!Number.isNaN(value)) {
        sum[index] = (sum[index] as number) + value
        any[index] = 1
      }
      stacked[index] = any[index] === 1 ? (sum[index] as number) : null
    }
    return stacked
  })
}
