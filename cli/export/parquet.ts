/** An export as one Parquet file of all members and samples, in row groups, so that its memory does not grow with its rows. */
import { zstdCompressSync } from 'node:zlib'
import type { SchemaElement } from 'hyparquet'
import { fileWriter, ParquetWriter } from 'hyparquet-writer'
import { COLUMNS as OF_SERIES } from '../../protocols/series/write-series.ts'
import { PROGRAM } from '../../protocols/version.ts'
import { writeWhole } from '../write-whole.ts'
import type { Exporter } from './exporter.ts'
import { COLUMNS, type RowOf, rowOf } from './row-text.ts'

const GROUP_ROWS = 100_000
const TEXTS = ['iteration', 'sample', 'member', 'tool', 'metric', 'labels', 'unit'] as const satisfies Array<
  keyof RowOf
>

/** The columns of a `series.parquet`, and beside them those that say of which sample a row is. */
const SCHEMA: SchemaElement[] = [
  { name: 'root', num_children: COLUMNS.length },
  ...COLUMNS.map(name => ({ ...elementOf(name), name }))
]
function elementOf(name: string): SchemaElement {
  return OF_SERIES.find(each => each.name === name) ?? (OF_SERIES.find(each => each.name === 'tool') as SchemaElement)
}

export const parquet: Exporter = {
  writes: 'file',
  extensions: ['parquet'],
  run: ({ choice, result, output = '' }) =>
    writeWhole(output, async path => {
      const done = { rows: 0, series: 0 }
      const writer = new ParquetWriter({
        ...{ writer: fileWriter(path), schema: SCHEMA, codec: 'ZSTD', createdBy: `bak ${PROGRAM}` },
        kvMetadata: [{ key: 'bak.run', value: result.run }],
        compressors: { ZSTD: bytes => zstdCompressSync(bytes) }
      })
      let group = new Group()
      for await (const { points, ...of } of choice.rows()) {
        const row = rowOf(of)
        for (let at = 0; at < points.t.length; ) {
          at += group.take(row, points, at)
          if (!group.isFull) continue
          await writer.write({ columnData: group.columns(), rowGroupSize: GROUP_ROWS })
          group = new Group()
        }
        done.rows += points.t.length
        done.series++
      }
      if (group.rows > 0) await writer.write({ columnData: group.columns(), rowGroupSize: GROUP_ROWS })
      await writer.finish()
      return done
    })
}

/** The rows of one row group. */
class Group {
  rows = 0
  readonly #times = new BigInt64Array(GROUP_ROWS)
  readonly #values = new Float64Array(GROUP_ROWS)
  readonly #texts = TEXTS.map(name => ({ name, data: new Array<string>(GROUP_ROWS) }))

  get isFull(): boolean {
    return this.rows === GROUP_ROWS
  }

  /** @returns how many points it took from `from` on */
  take(row: RowOf, { t, v }: { t: Float64Array; v: Float64Array }, from: number): number {
    const count = Math.min(GROUP_ROWS - this.rows, t.length - from)
    for (let i = 0; i < count; i++) {
      this.#times[this.rows + i] = BigInt(Math.round((t[from + i] as number) * 1000))
      this.#values[this.rows + i] = v[from + i] as number
    }
    for (const { name, data } of this.#texts) data.fill(row[name], this.rows, this.rows + count)
    this.rows += count
    return count
  }

  columns() {
    const { rows } = this
    return [
      { name: 'timestamp', data: this.#times.subarray(0, rows), encoding: 'DELTA_BINARY_PACKED' as const },
      ...this.#texts.map(({ name, data }) => ({ name, data: rows === GROUP_ROWS ? data : data.slice(0, rows) })),
      { name: 'value', data: this.#values.subarray(0, rows) }
    ]
  }
}
