/** Reads a file that a workload left, as it was when the workload ended: a regular file, no link and nothing that could be waited for. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

const PORTION_BYTES = 1024 * 1024

/** @throws {Error} if it is no regular file, or cannot be read; nothing is read of a file that is missing */
export async function* readPortions(path: string): AsyncGenerator<Buffer> {
  const opened = await openRegular(path)
  if (opened == null) return
  const { file, size } = opened
  try {
    // what a process that was left behind still writes is not waited for
    for (let at = 0; at < size; ) {
      const portion = await readAt(file, at, Math.min(PORTION_BYTES, size - at))
      if (portion.length === 0) return
      at += portion.length
      yield portion
    }
  } finally {
    await file.close()
  }
}

/**
 * @returns its first and its last bytes, so many each, or all of it where that is not more; undefined for a file that is missing or empty
 * @throws {Error} as `readPortions` does
 */
export async function readEdges(path: string, bytes: number): Promise<[begin: Buffer, end: Buffer] | undefined> {
  const opened = await openRegular(path)
  if (opened == null) return undefined
  const { file, size } = opened
  try {
    if (size === 0) return undefined
    const begin = await readAt(file, 0, Math.min(bytes, size))
    const rest = Math.max(bytes, size - bytes)
    return [begin, rest >= size ? Buffer.alloc(0) : await readAt(file, rest, size - rest)]
  } finally {
    await file.close()
  }
}

async function openRegular(path: string): Promise<{ file: FileHandle; size: number } | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(cause => {
    if (cause.code === 'ENOENT') return undefined
    throw cause.code === 'ELOOP' ? new Error('it is a link') : cause
  })
  if (file == null) return undefined
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new Error('it is no regular file')
    return { file, size: found.size }
  } catch (cause) {
    await file.close()
    throw cause
  }
}

async function readAt(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes)
  const { bytesRead } = await file.read(buffer, 0, bytes, at)
  return buffer.subarray(0, bytesRead)
}
