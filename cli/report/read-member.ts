/** Reads the points of a member into the block, thinned as far as the page has room: file by file, and of a file some series at a time. */
import { basename } from 'node:path'
import { asBakError } from '../../protocols/errors.ts'
import { openSeries, type SeriesFile } from '../../protocols/series/read-series.ts'
import { type SeriesInfo, seriesKey } from '../../protocols/series/series-file.ts'
import type { Block } from './block.ts'
import type { CellPart, ChosenCell } from './choose-cells.ts'
import type { IndexedMember, Room } from './room.ts'
import { joinSegments, type Segment, SegmentAxes } from './segments.ts'
import { thinValues } from './thin.ts'

/** Points that are read at a time, 16 bytes each. */
const MAX_BATCH = 2_000_000

/** From the first point of a file to its last, ms since 1970. */
export interface Span {
  from: number
  to: number
}

export interface DrawnCell {
  cell: ChosenCell
  /** Rows of the series, as the parts of the cell; -1 where there is none. */
  series: number[]
}

/** What is read of a member so far. */
interface Reading {
  room: Room & { begun: number }
  /** Keys of series that panels draw as they are. */
  drawn: Set<string>
  /** Lines that are made of several series, or of one by a rule. */
  made: Map<CellPart, Segment[]>
  /** By key. */
  segments: Map<string, Segment[]>
  axes: SegmentAxes
}

/**
 * A file that cannot be read costs that file, and is noted in the index.
 * @param room with `begun`, zero of all times, ms since 1970
 * @param spans gets that of each file, by its path
 */
export async function readMember(
  { index, member, cells }: IndexedMember,
  room: Room & { begun: number },
  block: Block,
  spans: Map<string, Span>
): Promise<DrawnCell[]> {
  const parts = cells.flatMap(cell => cell.parts.filter(part => part != null))
  const drawn = new Set(parts.filter(({ of }) => of == null).flatMap(({ keys }) => keys))
  const made = new Map(parts.filter(({ of }) => of != null).map(part => [part, [] as Segment[]]))
  const reading: Reading = { room, drawn, made, segments: new Map(), axes: new SegmentAxes() }
  const allPoints = index.files.reduce((sum, { mostPoints }) => sum + mostPoints, 0)
  for (const { path, mostPoints } of index.files) {
    try {
      const span = await readFile(path, mostPoints / allPoints, reading)
      if (span.from <= span.to) spans.set(path, span)
    } catch (cause) {
      index.unread.push([index.member, basename(path), asBakError(cause).message])
    }
  }
  const rows = new Map<string, number>()
  const add = (info: SeriesInfo, all: Segment[]) => addRow(block, { member, info, all, axes: reading.axes })
  for (const [key, all] of reading.segments) rows.set(key, add(index.series.get(key) as SeriesInfo, all))
  const madeRows = new Map([...made].map(([part, all]) => [part, all.length === 0 ? -1 : add(part.info, all)]))
  const rowOf = (part: CellPart | undefined) =>
    part == null ? -1 : (madeRows.get(part) ?? rows.get(part.keys[0] as string) ?? -1)
  return cells.map(cell => ({ cell, series: cell.parts.map(rowOf) }))
}

/** @param share of the points of a series that those of this file may be */
async function readFile(path: string, share: number, { room, drawn, made, segments, axes }: Reading): Promise<Span> {
  axes.nextFile()
  const span = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY }
  const take = ({ t, v }: Points, most: number): Segment => {
    span.from = Math.min(span.from, t[0] ?? span.from)
    span.to = Math.max(span.to, t.at(-1) ?? span.to)
    const thinning = axes.thinned(t, Math.max(2, Math.floor(share * most)), room.begun)
    return { thinning, values: thinValues(v, thinning.by), measured: v.length }
  }
  const file = await openSeries(path)
  try {
    const own = new Map(file.series.map(info => [seriesKey(info), info]))
    for (const [part, all] of made) {
      const points = await sumOf(file, part, own)
      if (points != null) all.push(take(points, room.panels))
    }
    for (const batch of batches([...own].filter(([key, info]) => drawn.has(key) || room.has(info)))) {
      const points = await file.points(batch.map(([, info]) => info))
      for (const [at, [key]] of batch.entries()) {
        const segment = take(points[at] as Points, drawn.has(key) ? room.panels : room.others)
        segments.set(key, [...(segments.get(key) ?? []), segment])
      }
    }
    return span
  } finally {
    await file.close()
  }
}

interface Points {
  t: Float64Array
  v: Float64Array
}

/** @returns the sum of the series of a part that are in a file, at the times of the first; nothing where there are none */
async function sumOf(
  file: SeriesFile,
  { keys, of }: CellPart,
  own: Map<string, SeriesInfo>
): Promise<Points | undefined> {
  const found = keys.flatMap(key => own.get(key) ?? [])
  const [first, ...more] = await file.points(found)
  if (first == null || of == null) return undefined
  const sum = Float64Array.from(first.v)
  for (const { t, v } of more) {
    // those of one tool are printed together; one that came later has no values before
    let from = 0
    for (let at = 0; at < sum.length; at++) {
      while (from < t.length && (t[from] as number) < (first.t[at] as number)) from++
      if (t[from] === first.t[at]) sum[at] = (sum[at] as number) + (v[from] as number)
    }
  }
  return { t: first.t, v: sum.map(of) }
}

interface Row {
  member: number
  info: SeriesInfo
  all: Segment[]
  axes: SegmentAxes
}

function addRow(block: Block, { member, info, all, axes }: Row): number {
  const { axis, values } = joinSegments(all, axes, times => block.addAxis(times))
  const { tool, metric, unit, labels } = info
  const measured = all.reduce((sum, each) => sum + each.measured, 0)
  return block.addSeries({ member, tool, metric, unit, labels: describeLabels(labels), axis, values, measured })
}

/** `cpu=3`, `device=sda, kind=x` */
export const describeLabels = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')

/** Series whose points fit into memory together; a larger one is a batch of its own. */
function* batches(all: Array<[string, SeriesInfo]>): Generator<Array<[string, SeriesInfo]>> {
  let batch: Array<[string, SeriesInfo]> = []
  let points = 0
  for (const each of all) {
    const { count } = each[1]
    if (batch.length > 0 && points + count > MAX_BATCH) {
      yield batch
      batch = []
      points = 0
    }
    batch.push(each)
    points += count
  }
  if (batch.length > 0) yield batch
}
