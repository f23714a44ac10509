/**
 * Content by digest, for staged files, manifests and sources. A name is the SHA-256 of the bytes, so that whatever is
 * read whole is verified; when the cache grows past its limit, what was used longest ago goes, unless it is pinned.
 */
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOfFile, newDigest } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { fillAtomic, removeTemporaries, temporaryIn } from './atomic.ts'
import { onDisk, unlessMissing } from './disk.ts'

const DIGEST = /^[0-9a-f]{64}$/
const GIBIBYTE = 2 ** 30

export interface CacheOptions {
  /** Bytes; 1 GiB unless told. */
  limit?: number
}

export async function openCache(folder: string, { limit = GIBIBYTE }: CacheOptions = {}): Promise<Cache> {
  const cache = new Cache(folder, limit)
  await onDisk(folder, () => cache.load())
  return cache
}

export class Cache {
  readonly #folder: string
  readonly #limit: number
  /** Bytes by digest, used longest ago first. */
  readonly #sizes = new Map<string, number>()
  readonly #pins = new Map<string, number>()
  #total = 0

  constructor(folder: string, limit: number) {
    this.#folder = folder
    this.#limit = limit
  }

  /** Bytes that it holds. */
  get total(): number {
    return this.#total
  }

  /** Finds what is there; called once, by `openCache`. */
  async load(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await removeTemporaries(this.#folder)
    const names = (await readdir(this.#folder)).filter(name => DIGEST.test(name))
    const found = await Promise.all(names.map(async name => ({ name, stat: await stat(this.path(name)) })))
    for (const each of found.sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs)) this.#note(each.name, each.stat.size)
    await this.#evict()
  }

  /** @returns the digest. @throws {BakError} `no-space` if the disk is full or the bytes are more than the limit */
  async put(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
    const incoming = temporaryIn(this.#folder)
    const hash = newDigest()
    let bytes = 0
    try {
      await fillAtomic(incoming, async handle => {
        for await (const chunk of content instanceof Uint8Array ? [content] : content) {
          hash.update(chunk)
          bytes += chunk.length
          if (bytes > this.#limit) throw new BakError('no-space', `more than the cache's limit of ${this.#limit} bytes`)
          await handle.writeFile(chunk)
        }
      })
      const digest = hash.digest('hex')
      await onDisk(incoming, () => rename(incoming, this.path(digest)))
      this.#note(digest, bytes)
      await this.#evict(digest)
      return digest
    } finally {
      await rm(incoming, { force: true })
    }
  }

  has(digest: string): boolean {
    return this.#sizes.has(digest)
  }

  /** @returns bytes, or undefined if it is not here */
  size(digest: string): number | undefined {
    return this.#sizes.get(digest)
  }

  /** Where the content is. It may be gone at any time unless it is pinned. */
  path(digest: string): string {
    if (!DIGEST.test(digest)) throw new BakError('bug', `not a digest: ${digest}`)
    return join(this.#folder, digest)
  }

  /**
   * @returns up to `length` bytes from `offset`; verified when that is all of it
   * @throws {BakError} `unknown-digest`; `mismatch` when the bytes were damaged on the disk, and they are dropped
   */
  async get(digest: string, offset = 0, length = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    const size = this.#use(digest)
    const wanted = Math.max(0, Math.min(length, size - offset))
    const bytes = await onDisk(this.path(digest), () => readPart(this.path(digest), offset, wanted))
    if (wanted === size && newDigest().update(bytes).digest('hex') !== digest) await this.#dropDamaged(digest)
    if (bytes.length < wanted) await this.#dropDamaged(digest)
    if (offset === 0) await utimes(this.path(digest), new Date(), new Date()).catch(() => {})
    return bytes
  }

  /** Streams content that was verified before its first byte is given. */
  async *stream(digest: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#use(digest)
    const unpin = this.pin(digest)
    try {
      const { sha256 } = await onDisk(this.path(digest), () => digestOfFile(this.path(digest), signal))
      if (sha256 !== digest) await this.#dropDamaged(digest)
      yield* createReadStream(this.path(digest), { highWaterMark: 1024 * 1024, signal })
    } finally {
      unpin()
    }
  }

  /** Keeps a digest, which need not be here yet, until the function that this returns is called. */
  pin(digest: string): () => void {
    this.#pins.set(digest, (this.#pins.get(digest) ?? 0) + 1)
    let held = true
    return () => {
      if (held) this.#unpin(digest)
      held = false
    }
  }

  #unpin(digest: string): void {
    const left = (this.#pins.get(digest) ?? 1) - 1
    if (left > 0) this.#pins.set(digest, left)
    else this.#pins.delete(digest)
  }

  #note(digest: string, bytes: number): void {
    this.#total += bytes - (this.#sizes.get(digest) ?? 0)
    this.#sizes.delete(digest)
    this.#sizes.set(digest, bytes)
  }

  #use(digest: string): number {
    const size = this.#sizes.get(digest)
    if (size === undefined) throw new BakError('unknown-digest', `the cache does not hold ${digest}`)
    this.#note(digest, size)
    return size
  }

  async #evict(newest?: string): Promise<void> {
    for (const digest of [...this.#sizes.keys()]) {
      if (this.#total <= this.#limit) return
      if (digest !== newest && !this.#pins.has(digest)) await this.#remove(digest)
    }
  }

  async #remove(digest: string): Promise<void> {
    this.#total -= this.#sizes.get(digest) ?? 0
    this.#sizes.delete(digest)
    await unlessMissing(rm(this.path(digest)))
  }

  async #dropDamaged(digest: string): Promise<never> {
    await this.#remove(digest)
    throw new BakError('mismatch', `${this.path(digest)} was damaged on the disk`)
  }
}

async function readPart(path: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    const bytes = new Uint8Array(length)
    let done = 0
    while (done < length) {
      const { bytesRead } = await handle.read(bytes, done, length - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  } finally {
    await handle.close()
  }
}
