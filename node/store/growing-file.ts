/** A file that another program writes, read along. What that program puts in its place (a link, a pipe) is not opened. */
import { lstatSync } from 'node:fs'
import { constants, type FileHandle, open } from 'node:fs/promises'
import { isCode, unlessMissing } from './disk.ts'

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

export class GrowingFile {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Synchronous: to wait for the answer would wake threads that sleep, for a file that does not grow. @returns 0 for a missing file */
  size(): number {
    return this.look().size
  }

  /** Synchronous, too. @returns its size, and when it was last written by the clock of the system; 0 for a missing file */
  look(): { size: number; mtimeMs: number } {
    try {
      const found = lstatSync(this.path, { throwIfNoEntry: false })
      if (found?.isFile()) return found
    } catch {
      // as one that is missing
    }
    return { size: 0, mtimeMs: 0 }
  }

  /** @returns at most `length` bytes; none at the end, or where no file is */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const handle = await this.#open()
    if (handle == null) return new Uint8Array(0)
    try {
      if (!(await handle.stat()).isFile()) return new Uint8Array(0)
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  async #open(): Promise<FileHandle | undefined> {
    try {
      return await unlessMissing(open(this.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
    } catch (cause) {
      if (isCode(cause, 'ELOOP', 'ENXIO')) return undefined
      throw cause
    }
  }
}
