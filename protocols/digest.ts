/** SHA-256 of bytes and of files. */
import { createHash, type Hash, hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

const CHUNK_BYTES = 256 * 1024

/** @returns SHA-256 of `bytes`, lower-case hex */
export function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

export function newDigest(): Hash {
  return createHash('sha256')
}

/**
 * SHA-256 and size of a file, which is read in parts.
 * @throws the error of the file system, or the reason of the signal
 */
export async function digestOfFile(path: string, signal?: AbortSignal): Promise<{ sha256: string; bytes: number }> {
  const handle = await open(path, 'r')
  try {
    return await digestOfHandle(handle, signal)
  } finally {
    await handle.close()
  }
}

/** As `digestOfFile`, of a file that is open. */
export async function digestOfHandle(
  handle: FileHandle,
  signal?: AbortSignal
): Promise<{ sha256: string; bytes: number }> {
  const digest = newDigest()
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  for (let bytes = 0; ; ) {
    signal?.throwIfAborted()
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, bytes)
    if (bytesRead === 0) return { sha256: digest.digest('hex'), bytes }
    digest.update(buffer.subarray(0, bytesRead))
    bytes += bytesRead
  }
}
