/** Writes a stream of bytes to a file and computes its digest on the way. */
import type { FileHandle } from 'node:fs/promises'
import { newDigest } from '../../protocols/digest.ts'
import type { Bytes } from './zstd.ts'

/** Bytes between two fsyncs that run beside the writing; one fsync at the end would have to wait for all bytes. */
const SYNC_INTERVAL_BYTES = 64 * 1024 * 1024

export interface Counted {
  /** SHA-256 */
  digest: string
  bytes: number
}

/** Hashes each chunk while the one before it is written. @throws the error of the disk, or the signal's reason */
export async function writeCounted(handle: FileHandle, source: Bytes, signal?: AbortSignal): Promise<Counted> {
  const hash = newDigest()
  let bytes = 0
  let unsynced = 0
  let [writing, syncing]: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()]
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted()
      hash.update(chunk)
      await writing
      writing = handle.writeFile(chunk)
      writing.catch(() => {})
      bytes += chunk.length
      unsynced += chunk.length
      if (unsynced < SYNC_INTERVAL_BYTES) continue
      await syncing
      syncing = handle.datasync()
      syncing.catch(() => {})
      unsynced = 0
    }
    await Promise.all([writing, syncing])
  } finally {
    // the caller closes the file: no write may be pending then
    await Promise.allSettled([writing, syncing])
  }
  return { digest: hash.digest('hex'), bytes }
}
