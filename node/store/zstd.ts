/** zstd as stages of a pipe of bytes. */
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { pass } from '../../protocols/gc-hint.ts'
import { isCode } from './disk.ts'

export type Bytes = AsyncIterable<Uint8Array>
export type Stage = (source: Bytes) => AsyncGenerator<Uint8Array>

const chunkSize = 256 * 1024

/**
 * The level that costs the member least: of the text that tools leave it makes as little as those above it, some of it less, for
 * half of the processor time of zstd's own default, 3. Those below it cost as much and make twice as many bytes. On what
 * cannot be made less it gives up soonest. `npm run bench -- bulk` prints time and bytes of each.
 */
export const LEVEL = 1

/** The content's checksum goes with it, so that damage is seen before anything is made of it. */
const paramsOf = (level: number) => ({
  [constants.ZSTD_c_compressionLevel]: level,
  [constants.ZSTD_c_checksumFlag]: 1
})

export const compress =
  (level: number, signal?: AbortSignal): Stage =>
  source =>
    through(source, createZstdCompress({ params: paramsOf(level), chunkSize }), signal)

/** In one go. */
export const compressWhole = (bytes: Uint8Array, level: number): Uint8Array =>
  zstdCompressSync(bytes, { params: paramsOf(level) })

export const decompress =
  (signal?: AbortSignal): Stage =>
  source =>
    through(source, createZstdDecompress({ chunkSize }), signal)

/** In one go. @returns undefined where it would be more than `most` bytes */
export function decompressWhole(bytes: Uint8Array, most: number): Uint8Array | undefined {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: most })
  } catch (error) {
    if (isCode(error, 'ERR_BUFFER_TOO_LARGE')) return undefined
    throw error
  }
}

async function* through(source: Bytes, stream: Duplex, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const feeding = pipeline(source, stream, { signal, end: true })
  // a failure reaches who reads through the stream, and again by the await below
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
