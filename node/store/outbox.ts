/**
 * A member's tarballs at rest, below `work/<run>/outbox/`: `<digest>.tar.zst`, beside it `<digest>.json` that says what it
 * is, and in the end `<digest>.receipt` in place of the tarball. What is small and sent at once is not among them.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { check } from '../../protocols/codec.ts'
import { BakError } from '../../protocols/errors.ts'
import { parcel, SMALL, type TarballKind, type TarballOffer } from '../../protocols/tarball.ts'
import { removeTemporaries, temporaryIn, writeAtomic } from './atomic.ts'
import { onDisk, syncFolder, unlessMissing } from './disk.ts'
import { pack, packSmall } from './pack.ts'

export interface StoredTarball extends TarballOffer {
  /** Where the tarball is. */
  path: string
}

export interface InMemoryTarball extends TarballOffer {
  /** The tarball. What it was packed from stays where it is until there is a receipt. */
  content: Uint8Array
}

export interface AddOptions {
  kind: TarballKind
  signal?: AbortSignal
  /** zstd's level. */
  level?: number
}

/** Makes the folder, and clears away what a crash left half packed. One outbox a run at a time. */
export async function openOutbox(folder: string, run: string): Promise<Outbox> {
  await onDisk(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }))
  await removeTemporaries(folder)
  return new Outbox(folder, run)
}

export class Outbox {
  readonly #folder: string
  readonly #run: string

  constructor(folder: string, run: string) {
    this.#folder = folder
    this.#run = run
  }

  /**
   * Packs files and folders relative to `root`; the same paths are what the receiver is asked to let in.
   * @throws {BakError} `no-space`; what was packed before stays
   */
  async add(root: string, paths: string[], what: string, { kind, ...options }: AddOptions): Promise<StoredTarball> {
    const packing = temporaryIn(this.#folder)
    const packed = await pack(root, paths, packing, options)
    return this.#store(packing, { run: this.#run, what, kind, ...packed, allow: paths })
  }

  /** The same for what is sent at once: a small tarball is in no file, and what it was packed from is the copy of it. */
  async hold(
    root: string,
    paths: string[],
    what: string,
    { kind, ...options }: AddOptions
  ): Promise<StoredTarball | InMemoryTarball> {
    const packing = temporaryIn(this.#folder)
    const packed = await packSmall(root, paths, packing, { most: SMALL, ...options })
    const parcel = { run: this.#run, what, kind, ...packed, allow: paths }
    return 'content' in parcel ? parcel : this.#store(packing, parcel)
  }

  async #store(packing: string, added: TarballOffer): Promise<StoredTarball> {
    const { digest } = added
    try {
      await writeAtomic(this.#name(digest, 'json'), JSON.stringify(added), { mode: 0o600 })
      await onDisk(packing, () => rename(packing, this.#name(digest, 'tar.zst')))
      await onDisk(this.#folder, () => syncFolder(this.#folder))
    } finally {
      await rm(packing, { force: true })
    }
    return { ...added, path: this.#name(digest, 'tar.zst') }
  }

  /** @returns what has no receipt yet, also after a restart */
  async list(): Promise<StoredTarball[]> {
    const names = await onDisk(this.#folder, () => readdir(this.#folder))
    const found: StoredTarball[] = []
    for (const name of names.sort().filter(each => each.endsWith('.tar.zst'))) {
      const digest = name.slice(0, -'.tar.zst'.length)
      const json = await unlessMissing(readFile(this.#name(digest, 'json'), 'utf8'))
      if (json !== undefined) found.push({ ...parse(join(this.#folder, name), json), path: join(this.#folder, name) })
    }
    return found
  }

  /** Keeps the signed receipt (its bytes as the caller likes them) and deletes the tarball. */
  async confirm(digest: string, receipt: Uint8Array): Promise<void> {
    await writeAtomic(this.#name(digest, 'receipt'), receipt, { mode: 0o600 })
    await onDisk(this.#folder, () => rm(this.#name(digest, 'tar.zst'), { force: true }))
  }

  /** @returns the receipt's bytes, or undefined while there is none */
  receipt(digest: string): Promise<Uint8Array | undefined> {
    return onDisk(this.#folder, () => unlessMissing(readFile(this.#name(digest, 'receipt'))))
  }

  /** @returns `length` bytes from `offset`; fewer at the end. @throws {BakError} `unknown-digest` */
  async read(digest: string, offset: number, length: number): Promise<Uint8Array> {
    const path = this.#name(digest, 'tar.zst')
    const handle = await onDisk(path, () => unlessMissing(open(path, 'r')))
    if (handle === undefined) throw new BakError('unknown-digest', `the outbox does not hold ${digest}`)
    try {
      const buffer = Buffer.allocUnsafeSlow(length)
      const { bytesRead } = await onDisk(path, () => handle.read(buffer, 0, length, offset))
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  #name(digest: string, kind: 'tar.zst' | 'json' | 'receipt'): string {
    return join(this.#folder, `${digest}.${kind}`)
  }
}

function parse(path: string, json: string): TarballOffer {
  try {
    return check(parcel, JSON.parse(json))
  } catch (cause) {
    throw new BakError('damaged', `what belongs to ${path} is damaged: ${(cause as Error).message}`, { cause })
  }
}
