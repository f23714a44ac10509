/**
 * A member's tarballs until they have a receipt, below `work/<run>/outbox/`: `<digest>.tar.zst`, beside it its offer as
 * `<digest>.json`, and in the end `<digest>.receipt` in place of the tarball. Small tarballs that are sent at once are not
 * stored.
 */
import { readdirSync, statSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { check } from '../../protocols/codec.ts'
import type { Signer } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { digest } from '../../protocols/fields.ts'
import { MAX_SMALL_BYTES, type TarballKind, tarballOffer } from '../../protocols/tarball.ts'
import { removeTemporaries, temporaryIn, writeAtomic } from './atomic.ts'
import { onDisk, syncFolder, unlessMissing } from './disk.ts'
import { type Packed, pack, packSmall } from './pack.ts'
import type { PackReport } from './pack-report.ts'

/** As it is on the disk. */
const storedOffer = v.object({
  ...tarballOffer.entries,
  /** Digest of the list of its files. */
  files: v.optional(digest)
})
type StoredOffer = v.InferOutput<typeof storedOffer>

interface StoredTarball extends StoredOffer {
  path: string
}

/** What became of each file that was to be packed. */
interface Reported {
  report: PackReport
}

interface InMemoryTarball extends StoredOffer {
  /** The tarball. Its source files stay until there is a receipt. */
  content: Uint8Array
}

interface AddOptions {
  kind: TarballKind
  signal?: AbortSignal
  /** zstd's level. */
  level?: number
  /** Leaves out what is beyond the bounds of another peer that receives it. */
  isBounded?: boolean
  /** The tarball ends with the list of its files, signed. */
  isListed?: boolean
}

/**
 * Creates the folder, and removes what interrupted packing left. One outbox per run at a time.
 * @param signer of the lists of files; without one none is made
 */
export async function openOutbox(folder: string, run: string, signer?: Signer): Promise<Outbox> {
  await onDisk(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }))
  await removeTemporaries(folder)
  return new Outbox(folder, run, signer)
}

export class Outbox {
  readonly #folder: string
  readonly #run: string
  readonly #signer: Signer | undefined

  constructor(folder: string, run: string, signer?: Signer) {
    this.#folder = folder
    this.#run = run
    this.#signer = signer
  }

  /**
   * Packs files and folders relative to `root`; the receiver is asked to unpack these paths.
   * @throws {BakError} `no-space`; earlier tarballs stay
   */
  async add(
    root: string,
    paths: string[],
    what: string,
    { kind, ...options }: AddOptions
  ): Promise<StoredTarball & Reported> {
    const packing = temporaryIn(this.#folder)
    const packed = await pack(root, paths, packing, this.#packing(options))
    return this.#store(packing, { run: this.#run, what, kind, ...packed, allow: paths })
  }

  /** As `add`, for a tarball that is sent at once: a small one is not stored, its source files serve as the copy. */
  async addUnlessSmall(
    root: string,
    paths: string[],
    what: string,
    { kind, ...options }: AddOptions
  ): Promise<(StoredTarball | InMemoryTarball) & Reported> {
    const packing = temporaryIn(this.#folder)
    const packed = await packSmall(root, paths, packing, { maxBytes: MAX_SMALL_BYTES, ...this.#packing(options) })
    const offer = { run: this.#run, what, kind, ...packed, allow: paths }
    return 'content' in offer ? offer : this.#store(packing, offer)
  }

  #packing({ isListed = false, ...options }: Omit<AddOptions, 'kind'>) {
    const signer = isListed ? this.#signer : undefined
    return { ...options, list: signer && { run: this.#run, signer } }
  }

  async #store(packing: string, { report, ...offer }: StoredOffer & Packed): Promise<StoredTarball & Reported> {
    const { digest } = offer
    try {
      await writeAtomic(this.#pathOf(digest, 'json'), JSON.stringify(offer), { mode: 0o600 })
      await onDisk(packing, () => rename(packing, this.#pathOf(digest, 'tar.zst')))
      await onDisk(this.#folder, () => syncFolder(this.#folder))
    } finally {
      await rm(packing, { force: true })
    }
    return { ...offer, path: this.#pathOf(digest, 'tar.zst'), report }
  }

  /** @returns the tarballs without a receipt, also after a restart */
  async list(): Promise<StoredTarball[]> {
    const names = await onDisk(this.#folder, () => readdir(this.#folder))
    const found: StoredTarball[] = []
    for (const name of names.sort().filter(each => each.endsWith('.tar.zst'))) {
      const digest = name.slice(0, -'.tar.zst'.length)
      const json = await unlessMissing(readFile(this.#pathOf(digest, 'json'), 'utf8'))
      if (json !== undefined) found.push({ ...parse(join(this.#folder, name), json), path: join(this.#folder, name) })
    }
    return found
  }

  /** Forgets a tarball that nobody needs. */
  async discard(digest: string): Promise<void> {
    for (const kind of ['tar.zst', 'json'] as const)
      await onDisk(this.#folder, () => rm(this.#pathOf(digest, kind), { force: true }))
  }

  /** Tarballs without a receipt, and their bytes. */
  size(): { files: number; bytes: number } {
    const names = readdirSync(this.#folder).filter(each => each.endsWith('.tar.zst'))
    return { files: names.length, bytes: names.reduce((sum, name) => sum + statSync(join(this.#folder, name)).size, 0) }
  }

  /** Stores the encoded receipt and deletes the tarball. */
  async confirm(digest: string, receipt: Uint8Array): Promise<void> {
    await writeAtomic(this.#pathOf(digest, 'receipt'), receipt, { mode: 0o600 })
    await onDisk(this.#folder, () => rm(this.#pathOf(digest, 'tar.zst'), { force: true }))
  }

  /** @returns the receipt's bytes, or undefined while there is none */
  receipt(digest: string): Promise<Uint8Array | undefined> {
    return onDisk(this.#folder, () => unlessMissing(readFile(this.#pathOf(digest, 'receipt'))))
  }

  /** @returns `length` bytes from `offset`; fewer at the end. @throws {BakError} `unknown-digest` */
  async read(digest: string, offset: number, length: number): Promise<Uint8Array> {
    const path = this.#pathOf(digest, 'tar.zst')
    const handle = await onDisk(path, () => unlessMissing(open(path, 'r')))
    if (handle === undefined) throw new BakError('unknown-digest', `the outbox does not have ${digest}`)
    try {
      const buffer = Buffer.allocUnsafeSlow(length)
      const { bytesRead } = await onDisk(path, () => handle.read(buffer, 0, length, offset))
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  #pathOf(digest: string, kind: 'tar.zst' | 'json' | 'receipt'): string {
    return join(this.#folder, `${digest}.${kind}`)
  }
}

function parse(path: string, json: string): StoredOffer {
  try {
    return check(storedOffer, JSON.parse(json))
  } catch (cause) {
    throw new BakError('damaged', `the offer of ${path} is damaged: ${(cause as Error).message}`, { cause })
  }
}
