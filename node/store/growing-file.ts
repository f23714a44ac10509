/** A file that another program writes, read along. */
import { constants, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { unlessMissing } from './disk.ts'

/** No link is followed, and no pipe waited for, that the program has put in the place of its file. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export class GrowingFile {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Synchronous: to wait for the answer would wake threads that sleep, for a file that does not grow. @returns 0 for a missing file */
  size(): number {
    try {
      return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
    } catch {
      return 0
    }
  }

  /** @returns at most `length` bytes; none at the end, or of a missing file */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const handle = await unlessMissing(open(this.path, FLAGS))
    if (handle == null) return new Uint8Array(0)
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }
}
