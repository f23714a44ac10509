import { createHash, type Hash } from 'node:crypto'
import { open } from 'node:fs/promises'

/** Read at once, bytes. */
const CHUNK = 256 * 1024

/** @returns SHA-256 of `bytes`, lower-case hex */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function newDigest(): Hash {
  return createHash('sha256')
}

/**
 * SHA-256 of a file, read into one buffer, however large it is.
 * @throws what the file system says, or what the signal was aborted with
 */
export async function digestOfFile(path: string, signal?: AbortSignal): Promise<{ sha256: string; bytes: number }> {
  const hash = newDigest()
  const handle = await open(path, 'r')
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK)
    for (let bytes = 0; ; ) {
      signal?.throwIfAborted()
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, bytes)
      if (bytesRead === 0) return { sha256: hash.digest('hex'), bytes }
      hash.update(buffer.subarray(0, bytesRead))
      bytes += bytesRead
    }
  } finally {
    await handle.close()
  }
}
