/** zstd as stages of a pipeline of bytes. */
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { pass } from '../../protocols/gc-hint.ts'
import { isCode } from './disk.ts'

export type Bytes = AsyncIterable<Uint8Array>
export type Stage = (source: Bytes) => AsyncGenerator<Uint8Array>

const CHUNK_BYTES = 256 * 1024

/**
 * The cheapest level for the member: it compresses the text output of tools as well as higher levels, for half of the CPU time
 * of zstd's default, 3. Lower levels take as long and give twice as many bytes. On incompressible data it gives up soonest.
 * `npm run bench -- bulk` prints time and bytes of each level.
 */
export const ZSTD_LEVEL = 1

/** With a checksum of the content, so that damage is found when it is decompressed. */
const paramsOf = (level: number) => ({
  [constants.ZSTD_c_compressionLevel]: level,
  [constants.ZSTD_c_checksumFlag]: 1
})

export const compress =
  (level: number, signal?: AbortSignal): Stage =>
  source =>
    through(source, createZstdCompress({ params: paramsOf(level), chunkSize: CHUNK_BYTES }), signal)

/** In memory. */
export const compressWhole = (bytes: Uint8Array, level: number): Uint8Array =>
  zstdCompressSync(bytes, { params: paramsOf(level) })

export const decompress =
  (signal?: AbortSignal): Stage =>
  source =>
    through(source, createZstdDecompress({ chunkSize: CHUNK_BYTES }), signal)

/** In memory. @returns undefined if it would be more than `maxBytes` */
export function decompressWhole(bytes: Uint8Array, maxBytes: number): Uint8Array | undefined {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    if (isCode(error, 'ERR_BUFFER_TOO_LARGE')) return undefined
    throw error
  }
}

async function* through(source: Bytes, stream: Duplex, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const feeding = pipeline(source, stream, { signal, end: true })
  // the reader gets the failure from the stream, and again from the await below
  feeding.catch(() => {})
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      pass(chunk.length)
      yield chunk
    }
    await feeding
  } finally {
    stream.destroy()
    await feeding.catch(() => {})
  }
}
