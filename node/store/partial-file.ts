/** The received part of a large tarball: a file that grows and survives a restart. Its digest is computed as it grows. */
import type { Hash } from 'node:crypto'
import { type FileHandle, rm } from 'node:fs/promises'
import { newDigest } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { onDisk, openInPlace, writeAll } from './disk.ts'

export class PartialFile {
  readonly path: string
  readonly #digest: string
  readonly #onClose: () => void
  #handle: FileHandle | undefined
  #hash: Hash = newDigest()
  #size = 0

  /** @param digest of the whole tarball */
  constructor(path: string, digest: string, onClose: () => void) {
    this.path = path
    this.#digest = digest
    this.#onClose = onClose
  }

  /** Reads what an earlier transfer left, to continue its digest. */
  async load(): Promise<void> {
    const handle = await this.#file()
    const buffer = Buffer.allocUnsafe(1024 * 1024)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#size)
      if (bytesRead === 0) return
      this.#hash.update(buffer.subarray(0, bytesRead))
      this.#size += bytesRead
    }
  }

  /** @returns bytes received: the offset at which the transfer continues */
  size(): number {
    return this.#size
  }

  /** @throws {BakError} `bad-message` unless `offset` is the present size; `no-space`, and the size is then unchanged */
  async append(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset !== this.#size) {
      throw new BakError('bad-message', `${this.path} has ${this.#size} bytes: ${offset} does not continue them`)
    }
    // hashed while it is written; a failed write leaves the digest unchanged
    const hash = this.#hash.copy()
    await onDisk(this.path, async () => {
      const handle = await this.#file()
      try {
        const writing = writeAll(handle, bytes, offset)
        hash.update(bytes)
        await writing
      } catch (error) {
        await handle.truncate(offset).catch(() => {})
        throw error
      }
    })
    this.#hash = hash
    this.#size += bytes.length
  }

  /** @returns the path. @throws {BakError} `mismatch` if the bytes do not have the digest; the file is then deleted */
  async finish(): Promise<string> {
    const actual = this.#hash.copy().digest('hex')
    if (actual === this.#digest) return this.path
    await this.remove()
    throw new BakError('mismatch', `the received bytes have the digest ${actual}, not ${this.#digest}`)
  }

  /** Deletes the file; the transfer can begin again at 0. */
  async remove(): Promise<void> {
    await this.#closeHandle()
    await onDisk(this.path, () => rm(this.path, { force: true }))
    this.#hash = newDigest()
    this.#size = 0
  }

  /** Keeps the file for a later transfer. */
  async close(): Promise<void> {
    await this.#closeHandle()
    this.#onClose()
  }

  async #file(): Promise<FileHandle> {
    this.#handle ??= await openInPlace(this.path, 0o600)
    return this.#handle
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}
