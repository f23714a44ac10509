/**
 * One small record that is written anew again and again, over the last: one call of the system, where a new file in its place takes four,
 * and a new inode. It outlives this process; whoever reads it after the machine failed must bear what is not whole.
 */
import { type FileHandle, readFile } from 'node:fs/promises'
import { onDisk, openInPlace } from './disk.ts'

/** What lies within one page of the system is there whole, or not at all, when a process is killed. */
const PAGE = 4_096
/** Bytes of length in front, big-endian: what an earlier, longer record left behind it does not count. */
const HEAD = 4

/** The longest record, bytes. */
export const MAX_STATE_BYTES = PAGE - HEAD

export class StateFile {
  readonly path: string
  #file: FileHandle | undefined

  constructor(path: string) {
    this.path = path
  }

  /** Not twice at a time. @param bytes at most `MAX_SLOT` @throws {BakError} `no-space` or `io`; the next write tries to open it again */
  async write(bytes: Uint8Array): Promise<void> {
    const record = Buffer.allocUnsafe(HEAD + bytes.length)
    record.writeUInt32BE(bytes.length)
    record.set(bytes, HEAD)
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

/** @returns the record; bytes that stand for nothing where it is not whole */
export async function readStateFile(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path)
  const length = bytes.length < HEAD ? 0 : bytes.readUInt32BE()
  return new Uint8Array(bytes.subarray(HEAD, HEAD + length))
}
