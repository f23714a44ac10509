/**
 * Artifacts on disk: a folder for each below `<home>/artifacts/`, named by its digest, with the listing, the files by their numbers, and what is
 * known about it. It is filled under another name and renamed when all of it is on the disk; what a daemon that was killed left behind is
 * `part-<digest>`, whose chunks are checked before they count, or a temporary folder, which goes.
 */
import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact } from '../../protocols/artifact.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { removeTemporaries, temporaryIn } from '../store/atomic.ts'
import { ensureFree, makeFolder, onDisk, syncFolder, syncPath } from '../store/disk.ts'
import { removeTree } from '../store/remove-tree.ts'
import { Needs } from './needs.ts'
import { checkUnreleased, Releases } from './releases.ts'
import { checkPinned, evictedFor, heldOf, inTurnToGo, type Part, sizeOnDisk } from './room.ts'
import {
  noteUse,
  readAbout,
  readListing,
  type Stored,
  type Storing,
  writeAbout,
  writeListing
} from './stored-artifact.ts'

export type { Stored, Storing } from './stored-artifact.ts'

const PART = 'part-'
/** A part that nobody went on with for so long is deleted at the next start, ms. */
const PART_AGE_MS = 7 * 86_400_000
/** Artifacts that are here, so that a list of them is one answer. */
const MAX_ARTIFACTS = 4096
/** What a use is noted for on the disk no more often than this, ms. */
const NOTE_USE_MS = 60_000

export interface ArtifactLimits {
  /** Of all artifacts together, on the disk. */
  bytes: number
  /** Of one. */
  largest: number
  /** Of those that other peers had pinned. */
  pinned: number
}

export interface ArtifactStoreInit {
  folder: string
  limits: ArtifactLimits
  /** This peer: what it pins itself counts for nobody. */
  self: string
}

export class ArtifactStore {
  readonly limits: ArtifactLimits
  readonly #folder: string
  readonly #self: string
  readonly #stored = new Map<string, Stored>()
  /** Bytes on the disk of what is being filled, or was cut short, by digest or by its folder. */
  readonly #parts = new Map<string, Part>()
  /** What somebody needs now: as long as that is so, it stays. */
  readonly needs = new Needs()
  /** What a person keeps here under a name. */
  readonly releases = new Releases({
    stored: this.#stored,
    inTurn: work => this.#inTurn(work),
    write: stored => this.#write(stored)
  })
  /** Digests of what is stored, and was found to be something else by now: it is replaced when it is stored the next time. */
  readonly damaged = new Set<string>()
  #turn: Promise<unknown> = Promise.resolve()

  private constructor({ folder, limits, self }: ArtifactStoreInit) {
    this.#folder = folder
    this.limits = limits
    this.#self = self
  }

  /** @throws {BakError} `cannot-create`, `io` */
  static async open(init: ArtifactStoreInit): Promise<ArtifactStore> {
    const store = new ArtifactStore(init)
    await onDisk(init.folder, async () => {
      await makeFolder(init.folder, 0o700)
      await removeTemporaries(init.folder)
      for (const each of await readdir(init.folder)) await store.#load(each)
    })
    return store
  }

  list(): Stored[] {
    return [...this.#stored.values()].sort((a, b) => b.used - a.used)
  }

  get(digest: string): Stored | undefined {
    return this.#stored.get(digest)
  }

  /** @param text a name, or a digest or its begin @throws {BakError} `unknown-digest` if none fits, `usage` if several do */
  find(text: string): Stored {
    const named = this.list().filter(each => each.name === text)
    const fitting = named.length > 0 ? named : this.list().filter(each => each.digest.startsWith(text))
    if (fitting.length === 1) return fitting[0] as Stored
    if (fitting.length === 0)
      throw new BakError('unknown-digest', `nothing that is staged here is ${text}: bak stage ls`)
    throw new BakError('usage', `${text} is the begin of ${fitting.length} digests: write more of it`)
  }

  folderOf(digest: string): string {
    return join(this.#folder, digest)
  }

  /** It counts as just used. @throws {BakError} `unknown-digest`, `damaged` */
  async read(digest: string): Promise<Artifact> {
    const stored = this.#known(digest)
    this.#use(stored)
    return await readListing(this.folderOf(digest), digest).catch(cause => {
      throw new BakError(
        'damaged',
        `the artifact ${digest} is damaged: ${asBakError(cause).message}: bak stage rm ${digest.slice(0, 12)}`
      )
    })
  }

  /** @returns an empty folder to be filled, with room on the disk for that many bytes of content in so many files @throws {BakError} `no-space` */
  temporary(files: ReadonlyArray<{ bytes: number }>): Promise<string> {
    return this.#inTurn(async () => {
      const folder = temporaryIn(this.#folder)
      await this.#reserve(folder, sizeOnDisk(files, 0))
      await mkdir(folder, { mode: 0o700 })
      return folder
    })
  }

  /** @returns the folder in which an artifact grows, as an earlier exchange left it @throws {BakError} `no-space`, `not-allowed` */
  part(artifact: Artifact): Promise<string> {
    return this.#inTurn(async () => {
      const folder = join(this.#folder, `${PART}${artifact.digest}`)
      const { largest } = this.limits
      if (artifact.bytes > largest) {
        throw new BakError('not-allowed', `it has ${artifact.bytes} bytes, and artifacts.largest here is ${largest}`)
      }
      this.#parts.delete(artifact.digest)
      await this.#reserve(artifact.digest, sizeOf(artifact))
      await makeFolder(folder, 0o700)
      await writeListing(folder, artifact)
      return folder
    })
  }

  /** @returns the listing of what an earlier exchange left here */
  async partOf(digest: string): Promise<Artifact | undefined> {
    return await readListing(join(this.#folder, `${PART}${digest}`), digest).catch(() => undefined)
  }

  /** The exchange has ended and may be gone on with: what came may go when something else needs the room. */
  leave(part: string): void {
    const known = this.#parts.get(part)
    if (known != null) Object.assign(known, { isFilled: false, used: Date.now() })
  }

  /** A temporary folder goes. */
  async discard(folder: string): Promise<void> {
    this.#parts.delete(folder)
    await removeTree(folder)
  }

  /** All of it is in `folder`, and is from now on here under its digest. @throws {BakError} `not-allowed` for a pin beyond the limit */
  keep(folder: string, artifact: Artifact, { path, ...storing }: Storing): Promise<Stored> {
    return this.#inTurn(async () => {
      const { digest, entries, bytes } = artifact
      const size = sizeOf(artifact)
      if (this.damaged.has(digest)) await this.#drop(digest)
      if (this.#stored.has(digest)) await removeTree(folder)
      else {
        const kind = entries[0]?.type === 'file' ? ('file' as const) : ('folder' as const)
        const stored = {
          ...{ digest, pinned: false, by: storing.by, stored: Date.now(), kind, bytes, entries: entries.length, size },
          path: path && cutText(path)
        }
        await writeListing(folder, artifact)
        await writeAbout(folder, stored)
        await onDisk(folder, async () => {
          await syncPath(folder)
          await rename(folder, this.folderOf(digest))
          await syncFolder(this.#folder)
        })
        this.#stored.set(digest, { ...stored, used: Date.now() })
      }
      this.#parts.delete(folder)
      this.#parts.delete(digest)
      return this.#describe(digest, storing)
    })
  }

  /** Gives an artifact that is here a name, or pins it. @throws {BakError} `unknown-digest`, `not-allowed` for a pin beyond the limit */
  describe(digest: string, storing: Storing): Promise<Stored> {
    return this.#inTurn(() => this.#describe(digest, storing))
  }

  /** @throws {BakError} `unknown-digest`, `busy` while somebody needs it, or it is a release */
  remove(digest: string): Promise<void> {
    return this.#inTurn(async () => {
      checkUnreleased(this.#known(digest))
      if (this.needs.has(digest)) throw new BakError('busy', `${digest.slice(0, 12)} is needed by a run that goes on`)
      await this.#drop(digest)
    })
  }

  #known(digest: string): Stored {
    const stored = this.#stored.get(digest)
    if (stored == null) throw new BakError('unknown-digest', `${digest} is not on this peer`)
    return stored
  }

  async #describe(digest: string, { by, name, pinned = false }: Storing): Promise<Stored> {
    const stored = this.#known(digest)
    const isNew = pinned && !stored.pinned
    if (isNew && by !== this.#self) checkPinned(stored, this.list(), this.#self, this.limits.pinned)
    if (!isNew && (name == null || name === stored.name)) {
      this.#use(stored)
      return stored
    }
    const former = name == null ? [] : this.list().filter(each => each.name === name && each.digest !== digest)
    for (const each of former) await this.#write({ ...each, name: undefined })
    const described = {
      ...stored,
      name: name ?? stored.name,
      pinned: stored.pinned || pinned,
      // the owner's own word weighs more than that of another peer
      by: stored.by === this.#self ? stored.by : by,
      used: Date.now()
    }
    await this.#write(described)
    return described
  }

  async #write(stored: Stored): Promise<void> {
    await writeAbout(this.folderOf(stored.digest), stored)
    this.#stored.set(stored.digest, stored)
  }

  #use(stored: Stored): void {
    const now = Date.now()
    if (now - stored.used > NOTE_USE_MS) noteUse(this.folderOf(stored.digest), now)
    stored.used = now
  }

  /** Makes room, and counts it from now on. */
  async #reserve(part: string, size: number): Promise<void> {
    const { bytes: cap } = this.limits
    const held = heldOf(this.list(), this.#parts, digest => this.needs.has(digest))
    for (const each of evictedFor(size, held, cap)) await this.#drop(each)
    if (this.#stored.size >= MAX_ARTIFACTS) {
      const [oldest] = inTurnToGo(held)
      if (oldest == null) throw new BakError('no-space', `${MAX_ARTIFACTS} artifacts are here, all pinned or needed`)
      await this.#drop(oldest.digest)
    }
    await ensureFree(this.#folder, size)
    this.#parts.set(part, { size, used: Date.now(), isFilled: true })
  }

  async #drop(digest: string): Promise<void> {
    const isPart = this.#parts.delete(digest)
    if (isPart) return removeTree(join(this.#folder, `${PART}${digest}`))
    this.#stored.delete(digest)
    this.damaged.delete(digest)
    // what is half deleted must not count
    const gone = temporaryIn(this.#folder)
    await onDisk(this.#folder, () => rename(this.folderOf(digest), gone))
    await removeTree(gone)
  }

  /** What an earlier daemon left. */
  async #load(entry: string): Promise<void> {
    const path = join(this.#folder, entry)
    if (entry.startsWith(PART)) {
      const artifact = await this.partOf(entry.slice(PART.length))
      const { mtimeMs } = await stat(path)
      if (artifact == null || Date.now() - mtimeMs > PART_AGE_MS) return removeTree(path)
      const size = sizeOf(artifact)
      this.#parts.set(artifact.digest, { size, used: mtimeMs, isFilled: false })
      return
    }
    const stored = await readAbout(path)
    if (stored?.digest !== entry) return removeTree(path)
    this.#stored.set(entry, stored)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }
}

const sizeOf = ({ files, encoded }: Artifact) => sizeOnDisk(files, encoded.length)
