/**
 * The receiver's side of tarballs, below `inbox/<run>/`: `<digest>.part` grows as the bytes come and survives a restart,
 * `<digest>.receipt` says that what it held is in its place. Small ones come into memory.
 */

import type { Hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from '../../protocols/codec.ts'
import { newDigest } from '../../protocols/digest.ts'
import type { Envelope } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Sink, SMALL, type TarballOffer } from '../../protocols/tarball.ts'
import { removeTemporaries, writeAtomic } from './atomic.ts'
import { onDisk, openInPlace, unlessMissing } from './disk.ts'
import { InMemorySink } from './in-memory-sink.ts'

type Arriving = Pick<TarballOffer, 'digest' | 'bytes'>

const DIGEST = /^[0-9a-f]{64}$/

export async function openInbox(folder: string): Promise<Inbox> {
  await onDisk(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }))
  await removeTemporaries(folder)
  return new Inbox(folder)
}

export class Inbox {
  readonly #folder: string
  readonly #open = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Opens or begins the file that grows. @throws {BakError} `busy` while it is open */
  async partial(digest: string): Promise<Partial> {
    const close = this.#claim(digest)
    const partial = new Partial(join(this.#folder, `${digest}.part`), digest, close)
    try {
      await onDisk(partial.path, () => partial.load())
      return partial
    } catch (error) {
      await partial.close()
      throw error
    }
  }

  /**
   * What the tarball protocol writes into. `takeIn` gets the path of the verified tarball, or the bytes of a small one, and
   * puts what is in it to its place, durably; the tarball is deleted after it.
   */
  async sink({ digest, bytes }: Arriving, takeIn: (tarball: string | Uint8Array) => Promise<void>): Promise<Sink> {
    const keep = (receipt: Envelope) => this.keepReceipt(digest, encode(receipt))
    if (bytes <= SMALL) {
      const small = new InMemorySink(digest, bytes)
      const close = this.#claim(digest)
      return {
        size: () => small.size(),
        append: async (offset, portion) => small.append(offset, portion),
        finish: async () => takeIn(small.finish()),
        keep,
        close: async () => close()
      }
    }
    const partial = await this.partial(digest)
    return {
      size: () => partial.size(),
      append: (offset, portion) => partial.append(offset, portion),
      finish: async () => {
        await takeIn(await partial.finish())
        await partial.remove()
      },
      keep,
      close: () => partial.close()
    }
  }

  #claim(digest: string): () => void {
    if (!DIGEST.test(digest)) throw new BakError('bug', `not a digest: ${digest}`)
    if (this.#open.has(digest)) throw new BakError('busy', `${digest} is being received already`)
    this.#open.add(digest)
    return () => this.#open.delete(digest)
  }

  /** Remembers that a tarball is in its place. */
  keepReceipt(digest: string, receipt: Uint8Array): Promise<void> {
    return writeAtomic(join(this.#folder, `${digest}.receipt`), receipt, { mode: 0o600 })
  }

  /** @returns the receipt's bytes, or undefined if the tarball has not come */
  async receipt(digest: string): Promise<Uint8Array | undefined> {
    const path = join(this.#folder, `${digest}.receipt`)
    // nearly always it is not there
    return existsSync(path) ? onDisk(path, () => unlessMissing(readFile(path))) : undefined
  }
}

/** A tarball as far as it has come. Its digest is counted as it grows. */
export class Partial {
  readonly path: string
  readonly #digest: string
  readonly #closed: () => void
  #handle: FileHandle | undefined
  #hash: Hash = newDigest()
  #size = 0

  constructor(path: string, digest: string, closed: () => void) {
    this.path = path
    this.#digest = digest
    this.#closed = closed
  }

  /** Takes up what is there from before. */
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

  /** Bytes that are there: where to go on. */
  size(): number {
    return this.#size
  }

  /** @throws {BakError} `bad-message` unless `offset` is where the file ends; `no-space`, and it is as long as it was */
  async append(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset !== this.#size) {
      throw new BakError('bad-message', `${this.path} has ${this.#size} bytes: cannot go on at ${offset}`)
    }
    // counted while it is written; a write that fails leaves the digest as it was
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

  /** @returns the path. @throws {BakError} `mismatch` if it is not what the digest says; the file is then gone */
  async finish(): Promise<string> {
    const actual = this.#hash.copy().digest('hex')
    if (actual === this.#digest) return this.path
    await this.remove()
    throw new BakError('mismatch', `the bytes that came have the digest ${actual}, not ${this.#digest}`)
  }

  /** Deletes the file; what comes next begins at 0. */
  async remove(): Promise<void> {
    await this.#release()
    await onDisk(this.path, () => rm(this.path, { force: true }))
    this.#hash = newDigest()
    this.#size = 0
  }

  /** Keeps the file, for another time. */
  async close(): Promise<void> {
    await this.#release()
    this.#closed()
  }

  async #file(): Promise<FileHandle> {
    this.#handle ??= await openInPlace(this.path, 0o600)
    return this.#handle
  }

  async #release(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
  }
}
