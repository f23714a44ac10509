/** Reads `series.parquet` (series-file.ts). The file is a member's and may lie: all that is taken from it has a bound, and what it says is checked. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type FileMetaData, parquetMetadata } from 'hyparquet'
import { asBakError, BakError } from '../errors.ts'
import { checkThrift } from './check-thrift.ts'
import { mostBytesOf, readNumbers } from './pages.ts'
import { whyElsewhere } from './place.ts'
import { readMetadata } from './series-checks.ts'
import {
  GROUP_ROWS,
  type IndexEntry,
  MAX_ROW_GROUPS,
  MAX_ROWS,
  type SeriesFileInfo,
  type SeriesId,
  type SeriesInfo,
  seriesKey
} from './series-file.ts'

const MAX_FILE_BYTES = 4 * 1024 ** 3
const MAX_FOOTER_BYTES = 16 * 1024 * 1024
/** Values in a footer: 10,000 row groups have 130 each. */
const MAX_FOOTER_VALUES = 2_000_000
/** Points that are read at once, 256 MiB: of one series in one sample those of a day at 100 Hz, and more. */
const MAX_POINTS = 16 * 1024 ** 2
const MAGIC = 'PAR1'
/** Latest time that a date can be, ms. */
const MAX_TIME = 8.64e15

export interface Points {
  /** ms since 1970 on the controller's clock, with fractions, ascending. */
  t: Float64Array
  v: Float64Array
}

export interface SeriesFile {
  info: SeriesFileInfo
  series: SeriesInfo[]
  /** @returns the points of each, 16 bytes each in memory. @throws {BakError} `damaged`, also for more of them than MAX_POINTS */
  points(series: Array<Pick<SeriesId, 'tool' | 'metric' | 'labels'>>): Promise<Points[]>
  close(): Promise<void>
}

/** Where the numbers of a row group are. */
interface Group {
  first: number
  rows: number
  time: [at: number, bytes: number]
  value: [at: number, bytes: number]
}

/** @throws {BakError} `damaged` if it is no file that this version writes, or one of another place in a result, `io` if it cannot be read */
export async function openSeries(path: string): Promise<SeriesFile> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(cause => {
    throw asBakError(cause)
  })
  try {
    const metadata = await readFooter(file, path)
    const groups = groupsOf(metadata, path)
    const { info, entries } = readMetadata(metadata.key_value_metadata ?? [], `${path}: `)
    const elsewhere = whyElsewhere(path, info)
    if (elsewhere != null) throw damaged(path, elsewhere)
    return new OpenSeries({ path, file, groups, info, entries })
  } catch (cause) {
    await file.close()
    throw cause
  }
}

const damaged = (path: string, why: string, cause?: unknown) => new BakError('damaged', `${path}: ${why}`, { cause })

async function readFooter(file: FileHandle, path: string): Promise<FileMetaData> {
  const stats = await file.stat()
  const { size } = stats
  if (!stats.isFile() || size < 12 || size > MAX_FILE_BYTES) throw damaged(path, 'is no Parquet file of series')
  const end = await readAt(file, size - 8, 8)
  const length = end.readUInt32LE(0)
  if (end.toString('latin1', 4) !== MAGIC) throw damaged(path, 'is no Parquet file, or was cut off')
  if (length > Math.min(MAX_FOOTER_BYTES, size - 12)) throw damaged(path, 'has a footer that is too long')
  const footer = await readAt(file, size - 8 - length, length + 8)
  try {
    checkThrift(footer, MAX_FOOTER_VALUES)
    return parquetMetadata(new Uint8Array(footer), { geoparquet: false })
  } catch (cause) {
    throw damaged(path, `has a footer that cannot be read: ${(cause as Error).message}`, cause)
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
  if (bytesRead !== length) throw new BakError('damaged', 'a file of series became shorter while it was read')
  return buffer
}

function groupsOf({ row_groups: given, num_rows: all }: FileMetaData, path: string): Group[] {
  const groups: Group[] = []
  let first = 0
  if (given.length > MAX_ROW_GROUPS) throw damaged(path, `has more than ${MAX_ROW_GROUPS} row groups`)
  for (const { columns, num_rows } of given) {
    const rows = Number(num_rows)
    if (!(rows > 0 && rows <= GROUP_ROWS)) throw damaged(path, `has a row group of ${rows} rows`)
    const chunkOf = (name: string, type: string): [at: number, bytes: number] => {
      const found = columns.find(each => each.meta_data?.path_in_schema?.join('.') === name)?.meta_data
      if (found == null || found.type !== type || found.codec !== 'ZSTD' || found.dictionary_page_offset != null)
        throw damaged(path, `has no column ${name} as this version writes it`)
      const bytes = Number(found.total_compressed_size)
      const at = Number(found.data_page_offset)
      if (!(bytes > 0 && bytes <= mostBytesOf(rows) && at > 0 && at <= MAX_FILE_BYTES))
        throw damaged(path, `has a column ${name} of a wrong size`)
      return [at, bytes]
    }
    groups.push({ first, rows, time: chunkOf('timestamp', 'INT64'), value: chunkOf('value', 'DOUBLE') })
    first += rows
  }
  if (first > MAX_ROWS || BigInt(first) !== all) throw damaged(path, `has ${all} rows, and ${first} in row groups`)
  return groups
}

interface ReadGroup {
  group: Group
  /** Microseconds, low and high half in turn. */
  times: Uint32Array
  values: Float64Array
}

interface Opened {
  path: string
  file: FileHandle
  groups: Group[]
  info: SeriesFileInfo
  entries: IndexEntry[]
}

class OpenSeries implements SeriesFile {
  readonly info: SeriesFileInfo
  readonly series: SeriesInfo[]
  readonly #opened: Opened
  readonly #ranges = new Map<string, IndexEntry['rows']>()
  /** The row group that was read last: who goes through all series in their order reads each once. */
  #last: ReadGroup | undefined

  constructor(opened: Opened) {
    const { path, groups, info, entries } = opened
    this.#opened = opened
    this.info = info
    for (const { rows: ranges, ...entry } of entries) {
      const key = seriesKey(entry)
      if (this.#ranges.has(key)) throw damaged(path, `has ${entry.metric} of ${entry.tool} twice in its index`)
      this.#ranges.set(key, ranges)
    }
    checkRanges([...this.#ranges.values()].flat(), groups, path)
    this.series = entries.map(({ rows, ...entry }) => ({ ...entry, count: rowsOf(rows) }))
  }

  async points(series: Array<Pick<SeriesId, 'tool' | 'metric' | 'labels'>>): Promise<Points[]> {
    const { path } = this.#opened
    const asked = series.map(each => {
      const ranges = this.#ranges.get(seriesKey(each))
      if (ranges == null) throw new Error(`no series ${each.metric} of ${each.tool} in ${path}`)
      return ranges
    })
    const points = asked.reduce((sum, ranges) => sum + rowsOf(ranges), 0)
    if (points > MAX_POINTS)
      throw damaged(path, `has ${points} points that are read at once, and ${MAX_POINTS} are the most`)
    const all = asked.map(ranges => {
      const count = rowsOf(ranges)
      return { ranges, points: { t: new Float64Array(count), v: new Float64Array(count) } }
    })
    // by their rows, so that each row group is read once
    const pieces = all.flatMap(({ ranges, points }) => piecesOf(ranges, points)).sort((a, b) => a.first - b.first)
    for (const { first, rows, at, points } of pieces) {
      for (let done = 0; done < rows; ) {
        const { group, times, values } = await this.#groupAt(first + done)
        const from = first + done - group.first
        const count = Math.min(rows - done, group.rows - from)
        for (let i = 0; i < count; i++) {
          const t = ((times[2 * (from + i) + 1] as number) * 2 ** 32 + (times[2 * (from + i)] as number)) / 1000
          const v = values[from + i] as number
          if (!Number.isFinite(v) || t > MAX_TIME) throw damaged(path, 'has a value or a time that is none')
          points.t[at + done + i] = t
          points.v[at + done + i] = v
        }
        done += count
      }
    }
    return all.map(({ points }) => byTime(points))
  }

  async close(): Promise<void> {
    this.#last = undefined
    await this.#opened.file.close()
  }

  async #groupAt(row: number): Promise<ReadGroup> {
    const { path, file, groups } = this.#opened
    if (this.#last != null && isIn(this.#last.group, row)) return this.#last
    const group = groups[groupIndex(groups, row)] as Group
    const numbers = async ([at, bytes]: [number, number]) => {
      const chunk = await readAt(file, at, bytes)
      try {
        return readNumbers(chunk, group.rows)
      } catch (cause) {
        throw damaged(path, (cause as Error).message, cause)
      }
    }
    const [times, values] = [await numbers(group.time), await numbers(group.value)]
    this.#last = {
      group,
      times: new Uint32Array(aligned(times).buffer, 0, group.rows * 2),
      values: new Float64Array(aligned(values).buffer, 0, group.rows)
    }
    return this.#last
  }
}

const rowsOf = (ranges: IndexEntry['rows']) => ranges.reduce((sum, [, rows]) => sum + rows, 0)

/** Each row is of one series. */
function checkRanges(ranges: IndexEntry['rows'], groups: Group[], path: string): void {
  const rows = groups.reduce((sum, each) => sum + each.rows, 0)
  let next = 0
  for (const [first, count] of ranges.toSorted(([a], [b]) => a - b)) {
    if (first !== next) throw damaged(path, `has an index with row ${Math.min(first, next)} in no series, or in two`)
    next += count
  }
  if (next !== rows) throw damaged(path, `has ${rows} rows, and ${next} in its index`)
}

const isIn = ({ first, rows }: Group, row: number) => row >= first && row < first + rows

/** @returns the bytes at the begin of a buffer of their own */
const aligned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

function groupIndex(groups: Group[], row: number): number {
  let low = 0
  let high = groups.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((groups[middle] as Group).first <= row) low = middle
    else high = middle - 1
  }
  return low
}

/** Rows of one series, and where its points go. */
interface Piece {
  first: number
  rows: number
  at: number
  points: Points
}

function piecesOf(ranges: IndexEntry['rows'], points: Points): Piece[] {
  let at = 0
  return ranges.map(([first, rows]) => {
    const piece = { first, rows, at, points }
    at += rows
    return piece
  })
}

/** Each block is sorted by itself. */
function byTime({ t, v }: Points): Points {
  const isSorted = t.every((each, i) => i === 0 || each >= (t[i - 1] as number))
  if (isSorted) return { t, v }
  const order = Uint32Array.from(t, (_, i) => i).sort((a, b) => (t[a] as number) - (t[b] as number) || a - b)
  return { t: Float64Array.from(order, i => t[i] as number), v: Float64Array.from(order, i => v[i] as number) }
}
