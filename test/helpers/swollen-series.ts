/** A file of series of a few KiB that says that it has millions of rows: each of its row groups is at the same place. */
import { writeFileSync } from 'node:fs'
import type { ParquetType } from 'hyparquet'
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { writeMetadata } from 'hyparquet-writer/src/metadata.js'
import { type WrittenPages, writeNumbers } from '../../protocols/series/pages.ts'
import { GROUP_ROWS, type IndexEntry, metadataOf, type SeriesFileInfo } from '../../protocols/series/series-file.ts'

const MAGIC = 0x31524150

/** Its only series is `cpu.busy` of `proc`. */
export function writeSwollenSeries(path: string, info: SeriesFileInfo, groups: number): void {
  const writer = new ByteWriter()
  writer.appendUint32(MAGIC)
  const times = new BigInt64Array(GROUP_ROWS).fill(1_795_383_017_000_000n)
  const values = new Float64Array(GROUP_ROWS).fill(5)
  const columns = [
    columnOf('timestamp', 'INT64', writeNumbers(writer, new Uint8Array(times.buffer), GROUP_ROWS)),
    columnOf('value', 'DOUBLE', writeNumbers(writer, new Uint8Array(values.buffer), GROUP_ROWS))
  ]
  const rows = groups * GROUP_ROWS
  const entry: IndexEntry = {
    ...{ tool: 'proc', metric: 'cpu.busy', labels: { cpu: 'all' }, unit: '%', kind: 'gauge' },
    ...{ rows: [[0, rows]], min: 5, max: 5, mean: 5, last: 5 }
  }
  writeMetadata(writer, {
    ...{ version: 2, created_by: 'bak', num_rows: BigInt(rows), key_value_metadata: metadataOf(info, [entry]) },
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'timestamp', type: 'INT64', repetition_type: 'REQUIRED' },
      { name: 'value', type: 'DOUBLE', repetition_type: 'REQUIRED' }
    ],
    row_groups: Array(groups).fill({ columns, total_byte_size: 1n, num_rows: BigInt(GROUP_ROWS) }),
    metadata_length: undefined as never
  })
  writer.appendUint32(MAGIC)
  writeFileSync(path, writer.getBytes())
}

function columnOf(name: string, type: ParquetType, { dataAt, bytes, unpacked }: WrittenPages) {
  return {
    file_offset: BigInt(dataAt),
    meta_data: {
      ...{ type, encodings: ['PLAIN' as const], path_in_schema: [name], codec: 'ZSTD' as const },
      ...{ num_values: BigInt(GROUP_ROWS), data_page_offset: BigInt(dataAt) },
      ...{ total_compressed_size: BigInt(bytes), total_uncompressed_size: BigInt(unpacked) }
    }
  }
}
