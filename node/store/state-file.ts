/**
 * One small record that is often overwritten in place: one system call, where an atomic replacement takes four and a new
 * inode. It survives a crash of this process; after a crash of the machine it may be damaged, and readers must cope with that.
 */
import { type FileHandle, readFile } from 'node:fs/promises'
import { onDisk, openInPlace } from './disk.ts'

/** A write within one page is complete or absent when the process is killed. */
const PAGE_BYTES = 4_096
/** Length of the record, big-endian, in front of it: the rest of an earlier, longer record is ignored. */
const LENGTH_BYTES = 4

/** Longest record. */
export const MAX_STATE_BYTES = PAGE_BYTES - LENGTH_BYTES

export class StateFile {
  readonly path: string
  #file: FileHandle | undefined

  constructor(path: string) {
    this.path = path
  }

  /**
   * One call at a time.
   * @param bytes at most `MAX_STATE_BYTES`
   * @throws {BakError} `no-space` or `io`; the next write opens the file again
   */
  async write(bytes: Uint8Array): Promise<void> {
    const record = Buffer.allocUnsafe(LENGTH_BYTES + bytes.length)
    record.writeUInt32BE(bytes.length)
    record.set(bytes, LENGTH_BYTES)
    await onDisk(this.path, async () => {
      this.#file ??= await openInPlace(this.path, 0o644)
      await this.#file.write(record, 0, record.length, 0)
    })
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}

/** @returns the record; other bytes if the file is damaged */
export async function readStateFile(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path)
  const length = bytes.length < LENGTH_BYTES ? 0 : bytes.readUInt32BE()
  return new Uint8Array(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length))
}
