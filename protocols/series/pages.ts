/**
 * Pages of a Parquet file as `series.parquet` has them: plain numbers, and texts by the runs in which they repeat, so that a page of texts
 * costs a few bytes a series and no text a row. Reading takes these pages and no others: each size is known before anything is unpacked.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Encoding, PageHeader } from 'hyparquet'
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js'
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { checkThrift } from './check-thrift.ts'

/** What was written of a column in one row group. */
export interface WrittenPages {
  encodings: Encoding[]
  /** In the file. */
  dictionaryAt?: number
  dataAt: number
  /** Of all pages with their headers. */
  bytes: number
  unpacked: number
}

/** Numbers of a column of 8 bytes each, as they are in memory: this is the order of Parquet on every machine that Node runs on. */
export function writeNumbers(writer: ByteWriter, values: Uint8Array, rows: number): WrittenPages {
  const dataAt = writer.offset
  const unpacked = writeDataPage(writer, values, rows, 'PLAIN')
  return { encodings: ['PLAIN'], dataAt, bytes: writer.offset - dataAt, unpacked }
}

/** A text and how many rows in a row have it. */
export type TextRun = [text: string, rows: number]

export function writeTexts(writer: ByteWriter, runs: TextRun[]): WrittenPages {
  const numbers = new Map<string, number>()
  for (const [text] of runs) if (!numbers.has(text)) numbers.set(text, numbers.size)
  const dictionaryAt = writer.offset
  const dictionary = plainTexts(numbers.keys())
  const packed = zstdCompressSync(dictionary)
  writePageHeader(writer, {
    ...{ type: 'DICTIONARY_PAGE', uncompressed_page_size: dictionary.length, compressed_page_size: packed.length },
    dictionary_page_header: { num_values: numbers.size, encoding: 'PLAIN' }
  } as PageHeader)
  const header = writer.offset - dictionaryAt
  writer.appendBytes(packed)
  const dataAt = writer.offset
  const rows = runs.reduce((sum, [, rows]) => sum + rows, 0)
  const indexes = runLengths(
    runs.map(([text, rows]) => [numbers.get(text) as number, rows]),
    Math.ceil(Math.log2(numbers.size))
  )
  const unpacked = writeDataPage(writer, indexes, rows, 'RLE_DICTIONARY')
  return {
    encodings: ['PLAIN', 'RLE_DICTIONARY'],
    ...{ dictionaryAt, dataAt, bytes: writer.offset - dictionaryAt },
    unpacked: header + dictionary.length + unpacked
  }
}

/** @returns the size of the page before it was packed, with its header */
function writeDataPage(writer: ByteWriter, content: Uint8Array, rows: number, encoding: Encoding): number {
  const packed = zstdCompressSync(content)
  const at = writer.offset
  writePageHeader(writer, {
    ...{ type: 'DATA_PAGE_V2', uncompressed_page_size: content.length, compressed_page_size: packed.length },
    data_page_header_v2: {
      ...{ num_values: rows, num_nulls: 0, num_rows: rows, encoding },
      ...{ definition_levels_byte_length: 0, repetition_levels_byte_length: 0, is_compressed: true }
    }
  } as PageHeader)
  const header = writer.offset - at
  writer.appendBytes(packed)
  return header + content.length
}

function plainTexts(texts: Iterable<string>): Uint8Array {
  const writer = new ByteWriter()
  for (const text of texts) {
    const bytes = Buffer.from(text)
    writer.appendUint32(bytes.length)
    writer.appendBytes(bytes)
  }
  return writer.getBytes()
}

/** The run lengths of Parquet's hybrid encoding: twice the rows as a varint, then the number in as many bytes as the widest takes. */
function runLengths(runs: Array<[number: number, rows: number]>, bits: number): Uint8Array {
  const writer = new ByteWriter()
  writer.appendUint8(bits)
  const append = (number: number, rows: number) => {
    writer.appendVarInt(rows << 1)
    for (let at = 0; at < bits; at += 8) writer.appendUint8((number >> at) & 0xff)
  }
  let [[last, rows] = [0, 0]] = runs
  for (const [number, more] of runs.slice(1)) {
    if (number === last) rows += more
    else {
      append(last, rows)
      last = number
      rows = more
    }
  }
  append(last, rows)
  return writer.getBytes()
}

/** Values in the header of a page. */
const MAX_HEADER_VALUES = 64

/** Bytes that a page of so many numbers can have at most: zstd adds little to what it cannot make smaller. */
export const mostBytesOf = (rows: number): number => rows * 8 + (rows >> 4) + 1024

/**
 * @param chunk a column of a row group
 * @returns its numbers, 8 bytes each
 * @throws whatever is wrong with it: it is no page that `writeNumbers` writes
 */
export function readNumbers(chunk: Uint8Array, rows: number): Uint8Array {
  checkThrift(chunk, MAX_HEADER_VALUES)
  const reader = { view: new DataView(chunk.buffer, chunk.byteOffset, chunk.length), offset: 0 }
  const header = deserializeTCompactProtocol(reader)
  const page = header.field_8 ?? {}
  const size = rows * 8
  const isPlain = header.field_1 === 3 && page.field_4 === 0 && page.field_5 === 0 && page.field_6 === 0
  if (!isPlain || page.field_1 !== rows || page.field_3 !== rows || header.field_2 !== size)
    throw new Error('a page is not of plain numbers, one for each row')
  const packed = chunk.subarray(reader.offset)
  if (header.field_3 !== packed.length) throw new Error('a page has another size than its header says')
  const unpacked = page.field_7 === false ? packed : zstdDecompressSync(packed, { maxOutputLength: size })
  if (unpacked.length !== size) throw new Error('a page has another size than its rows')
  return unpacked
}
