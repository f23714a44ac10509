/**
 * The receiver's side of tarballs, below `inbox/<run>/`: `<digest>.part` grows with the transfer and survives a restart,
 * `<digest>.receipt` says that the content has been unpacked. Small tarballs are received in memory.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import type { Envelope } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { MAX_SMALL_BYTES, type Sink, type TarballOffer } from '../../protocols/tarball.ts'
import { removeTemporaries, writeAtomic } from './atomic.ts'
import { onDisk, unlessMissing } from './disk.ts'
import { PartialFile } from './partial-file.ts'

const DIGEST = /^[0-9a-f]{64}$/

/** Whether a file of an inbox says that a tarball came, and is no part of one. */
export const isReceipt = (name: string) => /\.(receipt|whole)$/.test(name)

export async function openInbox(folder: string): Promise<Inbox> {
  await onDisk(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }))
  await removeTemporaries(folder)
  return new Inbox(folder)
}

/** Removes an inbox that is empty, or one that nobody needs any more. */
export async function closeInbox(folder: string, isUnneeded: boolean): Promise<void> {
  await (isUnneeded ? rm(folder, { recursive: true, force: true }) : rmdir(folder)).catch(() => {})
}

export class Inbox {
  readonly #folder: string
  /** Digests of tarballs in transfer. */
  readonly #open = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Opens or creates the file that grows. @throws {BakError} `busy` while it is open */
  async partial(digest: string): Promise<PartialFile> {
    const release = this.#claim(digest)
    const partial = new PartialFile(join(this.#folder, `${digest}.part`), digest, release)
    try {
      await onDisk(partial.path, () => partial.load())
      return partial
    } catch (error) {
      await partial.close()
      throw error
    }
  }

  /**
   * @param unpack gets the path of the verified tarball, or the bytes of a small one, and unpacks it durably; the tarball is
   * then deleted
   * @returns what the tarball protocol writes into
   * @throws {BakError} `busy` while the tarball is in transfer
   */
  async sink(
    { digest, bytes }: Pick<TarballOffer, 'digest' | 'bytes'>,
    unpack: (tarball: string | Uint8Array) => Promise<void>
  ): Promise<Sink> {
    const keep = (receipt: Envelope) => this.keepReceipt(digest, encode(receipt))
    if (bytes <= MAX_SMALL_BYTES) {
      const release = this.#claim(digest)
      const sink = new InMemorySink(digest, bytes)
      return {
        size: () => sink.size(),
        append: async (offset, portion) => sink.append(offset, portion),
        finish: async () => unpack(sink.finish()),
        keep,
        close: async () => release()
      }
    }
    const partial = await this.partial(digest)
    return {
      size: () => partial.size(),
      append: (offset, portion) => partial.append(offset, portion),
      finish: async () => {
        await unpack(await partial.finish())
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

  /** Stores the receipt of an unpacked tarball. */
  keepReceipt(digest: string, receipt: Uint8Array): Promise<void> {
    return writeAtomic(join(this.#folder, `${digest}.receipt`), receipt, { mode: 0o600 })
  }

  /** What is in a tarball is about to get its place: known also if the daemon is killed before there is a receipt. */
  async noteWhole(digest: string): Promise<void> {
    await writeAtomic(this.#wholeOf(digest), '', { mode: 0o600 })
  }

  isWhole(digest: string): boolean {
    return existsSync(this.#wholeOf(digest))
  }

  #wholeOf(digest: string): string {
    return join(this.#folder, `${digest}.whole`)
  }

  /** @returns the receipt's bytes, or undefined if the tarball has not been received */
  async receipt(digest: string): Promise<Uint8Array | undefined> {
    const path = join(this.#folder, `${digest}.receipt`)
    // almost always missing: a synchronous test is faster than a failed read
    return existsSync(path) ? onDisk(path, () => unlessMissing(readFile(path))) : undefined
  }
}

/** The received part of a small tarball: each stream begins at its first byte. */
class InMemorySink {
  readonly #digest: string
  readonly #buffer: Uint8Array
  #size = 0

  constructor(digest: string, bytes: number) {
    this.#digest = digest
    this.#buffer = new Uint8Array(bytes)
  }

  size(): number {
    return this.#size
  }

  /** @throws {BakError} `bad-message` unless `offset` is the present size and the bytes fit */
  append(offset: number, bytes: Uint8Array): void {
    if (offset !== this.#size || offset + bytes.length > this.#buffer.length) {
      throw new BakError(
        'bad-message',
        `${this.#size} bytes are here: ${bytes.length} at ${offset} do not continue them`
      )
    }
    this.#buffer.set(bytes, offset)
    this.#size += bytes.length
  }

  /** @throws {BakError} `mismatch` if the bytes do not have the digest; the sink is then empty */
  finish(): Uint8Array {
    const actual = digestOf(this.#buffer.subarray(0, this.#size))
    if (actual === this.#digest) return this.#buffer
    this.#size = 0
    throw new BakError('mismatch', `the received bytes have the digest ${actual}, not ${this.#digest}`)
  }
}
