/** A file that is written as its bytes come, and its digest. */
import type { FileHandle } from 'node:fs/promises'
import { newDigest } from '../../protocols/digest.ts'
import type { Bytes } from './zstd.ts'

/** So much is on its way to the disk while what comes behind it is made: else it is all waited for in the end. */
const SYNC_EACH = 64 * 1024 * 1024

export interface Counted {
  /** SHA-256 */
  digest: string
  bytes: number
}

/** Counts the digest of a piece while the one before it is written. @throws what the disk says, or the signal's reason */
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
      if (unsynced < SYNC_EACH) continue
      await syncing
      syncing = handle.datasync()
      syncing.catch(() => {})
      unsynced = 0
    }
    await Promise.all([writing, syncing])
  } finally {
    // nobody may close what is still being written
    await Promise.allSettled([writing, syncing])
  }
  return { digest: hash.digest('hex'), bytes }
}
