/** zstd as stages of a pipe of bytes. */
import { type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'

export type Bytes = AsyncIterable<Uint8Array>
export type Stage = (source: Bytes) => AsyncGenerator<Uint8Array>

const chunkSize = 256 * 1024

/** The content's checksum goes with it, so that damage is seen before anything is made of it. */
export const compress = (level: number, signal?: AbortSignal): Stage => {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 }
  return source => through(source, createZstdCompress({ params, chunkSize }), signal)
}

export const decompress =
  (signal?: AbortSignal): Stage =>
  source =>
    through(source, createZstdDecompress({ chunkSize }), signal)

async function* through(source: Bytes, stream: Duplex, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const feeding = pipeline(source, stream, { signal, end: true })
  // a failure reaches who reads through the stream, and again by the await below
  feeding.catch(() => {})
  try {
    yield* stream as AsyncIterable<Uint8Array>
    await feeding
  } finally {
    stream.destroy()
    await feeding.catch(() => {})
  }
}
