/** Files of a folder that others may have filled: neither what a link leads to, nor a wait for the other end of a pipe. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { check, type Schema } from './codec.ts'
import { BakError, whyOf } from './errors.ts'

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

/** @returns nothing where there is no such file. @throws {BakError} `damaged` for one that cannot be read, or is none of the schema, naming where */
export async function readPlainJson<T>(
  folder: string,
  path: string,
  schema: Schema<T>,
  maxBytes: number
): Promise<T | undefined> {
  const damaged = (why: string, cause: unknown) => new BakError('damaged', `${path}${why}: ${whyOf(cause)}`, { cause })
  const content = await readPlain(join(folder, path), maxBytes).catch(cause => {
    if (cause?.code === 'ENOENT') return undefined
    throw damaged('', cause)
  })
  if (content == null) return undefined
  let read: unknown
  try {
    read = JSON.parse(content.toString())
  } catch (cause) {
    throw damaged(' is not JSON', cause)
  }
  return check(schema, read, 'damaged', `${path}: `)
}
