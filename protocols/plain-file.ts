/** Files of a folder that others may have filled: neither what a link leads to, nor a wait for the other end of a pipe. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** With these flags a link is an error, and a pipe without a writer opens at once. */
export const PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** @throws if it is a link, no regular file, or larger than it may be, and what the file system says */
export async function readPlain(path: string, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const handle = await open(path, PLAIN)
  try {
    const about = await handle.stat()
    if (!about.isFile()) throw new Error(`${path} is no file`)
    if (about.size > maxBytes) throw new Error(`${path} has more than ${maxBytes} bytes`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}
