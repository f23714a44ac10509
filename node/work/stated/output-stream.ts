/** Reads a file that a workload left, as it was when the workload ended: a regular file, no link and nothing that could be waited for. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

const PORTION_BYTES = 1024 * 1024

/** @throws {Error} if it is no regular file, or cannot be read; nothing is read of a file that is missing */
export async function* readPortions(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(cause => {
    if (cause.code === 'ENOENT') return undefined
    throw cause.code === 'ELOOP' ? new Error('it is a link') : cause
  })
  if (file == null) return
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new Error('it is no regular file')
    // what a process that was left behind still writes is not waited for
    for (let at = 0; at < found.size; ) {
      const buffer = Buffer.allocUnsafe(Math.min(PORTION_BYTES, found.size - at))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
