/** A file with a secret that a person names: a ticket, a token. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { BakError, whyOf } from './errors.ts'
import { inQuotes } from './users.ts'

/** Many times the longest ticket. */
const MAX_BYTES = 64 * 1024

interface SecretFile {
  text: string
  /** Others may read it: what to do. */
  warning?: string
}

/**
 * Reads its first 64 KiB; also of a pipe, as `<(command)` makes it.
 * @param flag that named it. @throws {BakError} `usage` if it cannot be read
 */
export async function readSecretFile(path: string, flag: string): Promise<SecretFile> {
  try {
    const file = await open(path, constants.O_RDONLY)
    try {
      const stats = await file.stat()
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES)
      const isOpen = stats.isFile() && (stats.mode & 0o077) !== 0
      const warning = `${flag} ${path}: other users of this machine may read it: chmod 600 ${inQuotes(path)}`
      return { text: buffer.toString('utf8', 0, bytesRead), ...(isOpen && { warning }) }
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw new BakError('usage', `${flag} ${path}: ${whyOf(cause)}`, { cause })
  }
}
