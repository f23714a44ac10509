/** Makes an artifact of a file or a folder of this machine: a copy of it is taken first, so that nobody changes what is being read. */
import { constants } from 'node:fs'
import { chmod, copyFile, type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Artifact, type ArtifactEntry, chunkBytesFor, makeArtifact } from '../../protocols/artifact.ts'
import { newDigest } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import type { WaitOptions } from '../../protocols/stream.ts'
import { BoundedMap } from '../bounded-map.ts'
import { inParallel } from '../in-parallel.ts'
import { isCode, onDisk } from '../store/disk.ts'
import type { ArtifactStore, Stored, Storing } from './artifact-store.ts'
import { fileIn, SYNCS } from './body.ts'
import { type Scan, scanTree } from './scan-tree.ts'

const READ_BYTES = 1024 * 1024
/** Trees whose digest is remembered while the daemon lives. */
const MAX_REMEMBERED = 256
/** A change so short before a look may be followed by another with the same time, ms. */
const RECENT_MS = 2_000

export interface ImportOptions extends WaitOptions, Storing {
  /** As `scanTree` has it. */
  plainModes?: boolean
}

export class Imports {
  readonly #store: ArtifactStore
  /** Digests by what the trees looked like. */
  readonly #known = new BoundedMap<string, string>(MAX_REMEMBERED)

  constructor(store: ArtifactStore) {
    this.#store = store
  }

  /**
   * @returns the artifact, which is here; a tree that looks as it did when it was last taken is not read again
   * @throws {BakError} `usage` naming what cannot be staged, `no-space`, `io`, the reason of the signal
   */
  async take(path: string, { signal, plainModes, ...storing }: ImportOptions): Promise<Stored> {
    const scan = await scanTree(path, { bytes: this.#store.limits.largest, plainModes })
    const known = this.#known.get(scan.signature)
    if (known != null && this.#store.get(known) != null && !this.#store.damaged.has(known)) {
      await this.#store.read(known)
      return this.#store.describe(known, storing)
    }
    const looked = Date.now()
    const folder = await this.#store.temporary(scan.entries.filter(each => each.type === 'file'))
    try {
      const artifact = await copyTree(scan, folder, signal)
      const stored = await this.#store.keep(folder, artifact, storing)
      if (looked - scan.changed > RECENT_MS) this.#known.set(scan.signature, stored.digest)
      return stored
    } catch (cause) {
      await this.#store.discard(folder)
      if (cause instanceof BakError && cause.code === 'usage') {
        throw new BakError('usage', `cannot stage ${path}: ${cause.message}`, { cause })
      }
      throw cause
    }
  }
}

async function copyTree({ root, entries: found }: Scan, folder: string, signal?: AbortSignal): Promise<Artifact> {
  const names = found.filter(({ type }) => type === 'file').map(({ path }) => path)
  const copies: Array<{ path: string; bytes: number }> = Array(names.length)
  await inParallel(names.entries(), SYNCS, async ([at, name]) => {
    signal?.throwIfAborted()
    copies[at] = await copyOf(join(root, name), fileIn(folder, at), name)
  })
  const hashes = new Hashes(copies.reduce((sum, { bytes }) => sum + bytes, 0))
  const digests: string[] = []
  for (const [file, { path }] of copies.entries()) digests.push(await hashes.file(path, signal, file))
  let file = 0
  const entries = found.map((entry): ArtifactEntry => {
    if (entry.type !== 'file') return entry
    const { bytes } = copies[file] as { bytes: number }
    return { ...entry, bytes, digest: digests[file++] as string }
  })
  return makeArtifact(entries, hashes.chunks())
}

/** By sharing its blocks, where the file system can do that. */
async function copyOf(from: string, to: string, name: string): Promise<{ path: string; bytes: number }> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  } catch (cause) {
    if (isCode(cause, 'ENOENT', 'EACCES', 'EPERM')) {
      throw new BakError('usage', `${name === '' ? 'it' : name}: ${(cause as Error).message}`, { cause })
    }
    throw cause
  }
  return await onDisk(to, async () => {
    await chmod(to, 0o600)
    const handle = await open(to, 'r+')
    try {
      await handle.datasync()
      return { path: to, bytes: (await handle.stat()).size }
    } finally {
      await handle.close()
    }
  })
}

/** SHA-256 of each file, and of each chunk across all of them. */
class Hashes {
  readonly #chunkBytes: number
  readonly #chunks: Buffer[] = []
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  #chunk = newDigest()
  /** Bytes of the chunk that is begun. */
  #filled = 0

  constructor(bytes: number) {
    this.#chunkBytes = chunkBytesFor(bytes)
  }

  async file(path: string, signal: AbortSignal | undefined, number: number): Promise<string> {
    return await onDisk(path, async () => {
      const handle = await open(path, 'r')
      try {
        return await this.#read(handle, signal)
      } finally {
        await handle.close()
      }
    }).catch(cause => {
      throw cause instanceof BakError ? cause : new BakError('io', `file ${number}: ${cause.message}`, { cause })
    })
  }

  chunks(): Buffer {
    if (this.#filled > 0) this.#end()
    return Buffer.concat(this.#chunks)
  }

  async #read(handle: FileHandle, signal?: AbortSignal): Promise<string> {
    const whole = newDigest()
    for (;;) {
      signal?.throwIfAborted()
      const { bytesRead } = await handle.read(this.#buffer, 0, READ_BYTES)
      if (bytesRead === 0) return whole.digest('hex')
      const read = this.#buffer.subarray(0, bytesRead)
      whole.update(read)
      this.#add(read)
    }
  }

  #add(read: Buffer): void {
    for (let at = 0; at < read.length; ) {
      const part = read.subarray(at, at + this.#chunkBytes - this.#filled)
      this.#chunk.update(part)
      this.#filled += part.length
      at += part.length
      if (this.#filled === this.#chunkBytes) this.#end()
    }
  }

  #end(): void {
    this.#chunks.push(this.#chunk.digest())
    this.#chunk = newDigest()
    this.#filled = 0
  }
}
