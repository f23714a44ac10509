/** Writes a `series.parquet` (series-file.ts) in bounded memory: points come in any order, and are sorted half a million at a time. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import type { ColumnChunk, ParquetType, RowGroup, SchemaElement } from 'hyparquet'
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { writeMetadata } from 'hyparquet-writer/src/metadata.js'
import { asBakError } from '../errors.ts'
import { type TextRun, type WrittenPages, writeNumbers, writeTexts } from './pages.ts'
import { PointBlock, type SeriesRange } from './point-block.ts'
import {
  GROUP_ROWS,
  type IndexEntry,
  labelsText,
  MAX_INDEX_BYTES,
  MAX_ROWS,
  MAX_SERIES,
  metadataOf,
  type SeriesFileInfo,
  type SeriesId,
  seriesKey
} from './series-file.ts'

/** Points that are held before they are sorted and written: 24 bytes each. */
const BLOCK_POINTS = 500_000
const MAGIC = 0x31524150
/** Of a range of rows in the index, as JSON. */
const RANGE_BYTES = 20
const STAT_BYTES = 190
/** Of the ranges of all series in the index: with the rest of it no more than its reader takes. */
const RANGES_BYTES = 3 * 1024 * 1024

const text = (name: string): SchemaElement => ({
  ...{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  logical_type: { type: 'STRING' }
})
export const COLUMNS: SchemaElement[] = [
  {
    ...{ name: 'timestamp', type: 'INT64', converted_type: 'TIMESTAMP_MICROS', repetition_type: 'REQUIRED' },
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' }
  },
  ...['member', 'tool', 'metric', 'labels', 'unit'].map(text),
  { name: 'value', type: 'DOUBLE', repetition_type: 'REQUIRED' }
]
const SCHEMA: SchemaElement[] = [{ name: 'root', num_children: COLUMNS.length }, ...COLUMNS]

interface WrittenSeries extends Omit<IndexEntry, 'mean'> {
  text: string
  key: string
  sum: number
  count: number
  latest: number
}

/** What a writer left out: its bounds. */
export interface LeftOut {
  series: number
  points: number
}

export class SeriesWriter {
  readonly #path: string
  readonly #file: number
  readonly #writer = new ByteWriter(1 << 16)
  readonly #info: Omit<SeriesFileInfo, 'remarks'>
  readonly #series: WrittenSeries[] = []
  readonly #numbers = new Map<string, number>()
  readonly #groups: RowGroup[] = []
  readonly #block = new PointBlock(BLOCK_POINTS)
  readonly left: LeftOut = { series: 0, points: 0 }
  #rows = 0
  #indexBytes = 0

  /** @param path gets its name when all of it is written: until then it is `<path>.part` */
  constructor(path: string, info: Omit<SeriesFileInfo, 'remarks'>) {
    this.#path = path
    this.#info = info
    this.#file = openSync(`${path}.part`, 'w', 0o600)
    this.#writer.appendUint32(MAGIC)
  }

  /** Points that it has. */
  get points(): number {
    return this.#rows + this.#block.length
  }

  /** @returns the number of a series for `add`, the same for the same series; undefined if there are too many */
  series(id: SeriesId): number | undefined {
    const key = seriesKey(id)
    const known = this.#numbers.get(key)
    if (known != null) return known
    const text = labelsText(id.labels)
    const bytes = STAT_BYTES + Buffer.byteLength(id.tool + id.metric + id.unit) + Buffer.byteLength(text)
    if (this.#series.length >= MAX_SERIES || this.#indexBytes + bytes > MAX_INDEX_BYTES) {
      this.left.series++
      return undefined
    }
    this.#indexBytes += bytes
    const { tool, metric, unit, kind } = id
    const labels = JSON.parse(text)
    const values = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, last: 0, sum: 0, count: 0 }
    const entry = { ...{ tool, metric, labels, unit, kind, text, key }, rows: [], latest: 0, ...values }
    this.#numbers.set(key, this.#series.length)
    return this.#series.push(entry) - 1
  }

  /**
   * @param series a number that `series` returned
   * @param t ms since 1970, on the controller's clock, with fractions
   * @param value finite
   */
  add(series: number, t: number, value: number): void {
    this.#block.add(series, t, value)
    if (this.#block.length === BLOCK_POINTS) this.#flush()
  }

  /** @returns what is in the file. @throws {BakError} `no-space`, `io`, as `add` does */
  finish(remarks: SeriesFileInfo['remarks']): { series: number; points: number } {
    this.#flush()
    const entries = this.#series
      .filter(({ count }) => count > 0)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ tool, metric, labels, unit, kind, rows, min, max, last, sum, count }) => {
        // the sum of large values may be beyond what a number can be
        const mean = Math.min(max, Math.max(min, sum / count))
        return { ...{ tool, metric, labels, unit, kind, rows, min, max }, mean, last }
      })
    writeMetadata(this.#writer, {
      ...{ version: 2, created_by: 'bak', schema: SCHEMA, num_rows: BigInt(this.#rows), row_groups: this.#groups },
      key_value_metadata: metadataOf({ ...this.#info, remarks }, entries),
      // the length is written behind it
      metadata_length: undefined as never
    })
    this.#writer.appendUint32(MAGIC)
    this.#store()
    closeSync(this.#file)
    renameSync(`${this.#path}.part`, this.#path)
    return { series: entries.length, points: this.#rows }
  }

  /** Leaves no file. */
  abort(): void {
    closeSync(this.#file)
    rmSync(`${this.#path}.part`, { force: true })
  }

  #flush(): void {
    if (this.#block.length === 0) return
    const order = this.#series.map((_, number) => number)
    const keys = this.#series.map(({ key }) => key)
    order.sort((a, b) => ((keys[a] as string) < (keys[b] as string) ? -1 : 1))
    const { points, ranges } = this.#block.sort(order)
    const indexBytes = this.#indexBytes + ranges.length * RANGE_BYTES
    if (this.points > MAX_ROWS || indexBytes > MAX_INDEX_BYTES + RANGES_BYTES) {
      this.left.points += points.length
      return this.#block.clear()
    }
    this.#indexBytes = indexBytes
    for (const { series, first, rows } of ranges) {
      ;(this.#series[series] as WrittenSeries).rows.push([this.#rows + first, rows])
    }
    for (let from = 0; from < points.length; from += GROUP_ROWS)
      this.#writeGroup(points.subarray(from, from + GROUP_ROWS), rangesIn(ranges, from, from + GROUP_ROWS))
    this.#rows += points.length
    this.#block.clear()
  }

  #writeGroup(points: Uint32Array, ranges: SeriesRange[]): void {
    const began = this.#writer.offset
    const rows = points.length
    const { times, values } = this.#block.gather(points)
    this.#count(ranges, points, values)
    const texts = (of: (series: WrittenSeries) => string) =>
      writeTexts(
        this.#writer,
        ranges.map(({ series, rows }): TextRun => [of(this.#series[series] as WrittenSeries), rows])
      )
    const pages = [
      writeNumbers(this.#writer, new Uint8Array(times.buffer), rows),
      writeTexts(this.#writer, [[this.#info.member, rows]]),
      texts(({ tool }) => tool),
      texts(({ metric }) => metric),
      texts(({ text }) => text),
      texts(({ unit }) => unit),
      writeNumbers(this.#writer, new Uint8Array(values.buffer), rows)
    ]
    const columns = pages.map((written, i) => chunkOf(written, COLUMNS[i] as SchemaElement, rows))
    this.#groups.push({
      columns,
      total_byte_size: BigInt(pages.reduce((sum, { unpacked }) => sum + unpacked, 0)),
      total_compressed_size: BigInt(this.#writer.offset - began),
      num_rows: BigInt(rows)
    })
    this.#store()
  }

  /** What the values of each series come to. @param ranges by rows of the block, of which `points` and `values` are those of one group */
  #count(ranges: SeriesRange[], points: Uint32Array, values: Float64Array): void {
    let row = 0
    for (const { series, rows } of ranges) {
      const of = this.#series[series] as WrittenSeries
      let { min, max, sum } = of
      const end = row + rows
      for (; row < end; row++) {
        const value = values[row] as number
        if (value < min) min = value
        if (value > max) max = value
        sum += value
      }
      const t = this.#block.timeOf(points[end - 1] as number)
      const isLast = t >= of.latest
      Object.assign(of, { min, max, sum, count: of.count + rows })
      if (isLast) Object.assign(of, { latest: t, last: values[end - 1] })
    }
  }

  /** What is written so far goes to the file. */
  #store(): void {
    const bytes = this.#writer.getBytes()
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
    } catch (cause) {
      throw asBakError(cause)
    }
    this.#writer.index = 0
  }
}

/** @returns the ranges between two rows, cut to these */
function rangesIn(ranges: SeriesRange[], from: number, to: number): SeriesRange[] {
  return ranges
    .filter(({ first, rows }) => first < to && first + rows > from)
    .map(({ series, first, rows }) => {
      const begin = Math.max(from, first)
      return { series, first: begin, rows: Math.min(to, first + rows) - begin }
    })
}

function chunkOf({ encodings, dictionaryAt, dataAt, bytes, unpacked }: WrittenPages, of: SchemaElement, rows: number) {
  const chunk: ColumnChunk = {
    file_offset: BigInt(dictionaryAt ?? dataAt),
    meta_data: {
      ...{
        type: of.type as ParquetType,
        encodings,
        path_in_schema: [of.name],
        codec: 'ZSTD',
        num_values: BigInt(rows)
      },
      ...{ total_compressed_size: BigInt(bytes), total_uncompressed_size: BigInt(unpacked) },
      data_page_offset: BigInt(dataAt),
      dictionary_page_offset: dictionaryAt == null ? undefined : BigInt(dictionaryAt)
    }
  }
  return chunk
}
