/**
 * Working folders of programs that run as another user, which may not enter the home: outside of it, one for each program, named by the
 * path of the folder in the home that their files belong to. What is in them is moved there when the program has ended, or by the next daemon.
 */
import { createHash, randomUUID } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join, relative, sep } from 'node:path'
import { bytesOf, rawOf } from '../../protocols/file-names.ts'
import { listRaw } from '../../protocols/folder-digests.ts'
import { ifPossible } from '../if-possible.ts'
import { moveRaw } from './move-raw.ts'
import { firstSafe, makePassage } from './passage.ts'

/** Tried in turn: beside the default home, else where temporary files go. */
const BASES = ['/var/lib/bak-run', join(tmpdir(), 'bak-run')]
/** Bytes of a path: below the 4,096 of the kernel, so that one more name, or the longer path in the home, has room. */
const MAX_PATH_BYTES = 3_500

/** In a folder that is not removed with the last one in it. */
const KEPT = '.kept'
/** Behind the name of the folders of a home: a link to the home, by which they are known as those of a home that is gone. */
const HOME_LINK = '.home'

export interface WorkFolderOwner {
  uid: number
  gid: number
}

/** Tells what belongs to one home from what belongs to another on this machine. */
export const keyOfHome = (home: string) => createHash('sha256').update(home).digest('hex').slice(0, 12)

export class WorkFolders {
  /** The folder in the home whose folders have counterparts here. */
  readonly #inside: string
  /** Whom the folders belong to. */
  readonly owner: WorkFolderOwner
  readonly #home: string
  /** Where all of them are. */
  readonly base: string
  /** Where the folders of this home are; the user passes through. */
  readonly root: string
  /** Folders whose paths were too long, under short ones. */
  #long: string[] = []

  /** @throws {BakError} `cannot-create` if no place is this user's alone */
  constructor({
    home,
    inside,
    owner,
    bases = BASES
  }: { home: string; inside: string; owner: WorkFolderOwner; bases?: string[] }) {
    this.#inside = inside
    this.owner = owner
    this.#home = home
    this.base = firstSafe(bases)
    this.root = join(this.base, keyOfHome(home))
  }

  /** @param folder in the home @returns an empty folder of the user, the counterpart of that one */
  make(folder: string): string {
    const made = this.makeClosed(folder)
    this.handOver(made)
    return made
  }

  /** @param folder in the home @returns its counterpart, which the user passes through to those of its programs, and which stays until it is removed */
  passage(folder: string): string {
    const path = this.#passTo(relative(this.#inside, folder).split(sep))
    makePassage(join(path, KEPT))
    return path
  }

  #passTo(parts: string[]): string {
    let path = this.root
    makePassage(path)
    for (const part of parts) {
      path = join(path, part)
      makePassage(path)
    }
    return path
  }

  /** The folder is the user's from now on. */
  handOver(made: string): void {
    chownSync(made, this.owner.uid, this.owner.gid)
  }

  /** @returns an empty folder that no other user can enter until it is handed over */
  makeClosed(folder: string): string {
    const parts = relative(this.#inside, folder).split(sep)
    const made = join(this.#passTo(parts.slice(0, -1)), parts.at(-1) as string)
    this.#discard(made)
    mkdirSync(made, { mode: 0o700 })
    return made
  }

  /**
   * Moves what a program left into its folder in the home. Only what the user owns: a hard link to a file of another would hand that over.
   * @returns the names that were left out
   */
  async collect(made: string): Promise<string[]> {
    const to = join(this.#inside, relative(this.root, made))
    const left: string[] = []
    const [from, into] = [rawOf(made), rawOf(to)]
    takeOver(from)
    for (const { name } of listRaw(from)) {
      const path = `${from}/${name}`
      if (this.#drop(path, left)) continue
      // the files of the daemon stay as they are
      if (exists(bytesOf(`${into}/${name}`))) left.push(name)
      else left.push(...(await moveRaw(path, `${into}/${name}`)))
    }
    this.remove(made)
    return left
  }

  /** Removes the folder, and those that led to it alone. */
  remove(made: string): void {
    this.#discard(made)
    for (let path = join(made, '..'); path !== this.base; path = join(path, '..')) {
      if (!isRemoved(path)) return
    }
  }

  /** Moves what programs of a daemon that was killed left, where their run is still here, and removes the rest, also that of homes that are gone. */
  async recover(): Promise<void> {
    this.#removeHomeless()
    rmSync(this.root + HOME_LINK, { force: true })
    symlinkSync(this.#home, this.root + HOME_LINK)
    if (!exists(this.root)) return
    makePassage(this.root)
    for (const made of this.#owned(this.root)) {
      if (exists(join(this.#inside, relative(this.root, made)))) await this.collect(made)
      else this.#discard(made)
    }
    rmSync(this.root, { recursive: true, force: true })
  }

  /** Only what this user made for a home whose link says where that was, and of which nothing is there any more. */
  #removeHomeless(): void {
    for (const name of readdirSync(this.base).filter(each => each.endsWith(HOME_LINK))) {
      const link = join(this.base, name)
      const root = link.slice(0, -HOME_LINK.length)
      try {
        const home = readlinkSync(link)
        if (root !== join(this.base, keyOfHome(home)) || !isAbsolute(home) || !isGone(home)) continue
        if (exists(root)) {
          makePassage(root)
          if (this.#hasForeign(root)) continue
          for (const made of this.#owned(root)) this.#discard(made)
          rmSync(root, { recursive: true, force: true })
        }
        rmSync(link, { force: true })
      } catch {
        // what is another user's, or cannot be looked at, stays
      }
    }
  }

  /** @returns whether there is something of a user that is neither this one nor the owner of the folders */
  #hasForeign(folder: string): boolean {
    return readdirSync(folder, { withFileTypes: true }).some(entry => {
      const path = join(folder, entry.name)
      const { uid } = lstatSync(path)
      if (uid === this.owner.uid) return false
      return uid !== process.getuid?.() || (entry.isDirectory() && this.#hasForeign(path))
    })
  }

  #discard(made: string): void {
    // most are empty: what was in them was moved
    if (!exists(made) || isRemoved(made)) return
    takeOver(rawOf(made))
    this.#dropIn(rawOf(made), [])
    rmSync(made, { recursive: true, force: true })
    for (let long = this.#long.pop(); long != null; long = this.#long.pop()) {
      if (lstatSync(long).isDirectory()) {
        takeOver(rawOf(long))
        this.#dropIn(rawOf(long), [])
      }
      rmSync(long, { recursive: true, force: true })
    }
  }

  #dropIn(folder: string, left: string[]): void {
    for (const { name } of listRaw(folder)) this.#drop(`${folder}/${name}`, left)
  }

  /** Removes what another user owns, and takes away what is too deep. @returns whether nothing is left */
  #drop(raw: string, left: string[]): boolean {
    const name = raw.slice(raw.lastIndexOf('/') + 1)
    if (raw.length > MAX_PATH_BYTES) {
      const short = join(this.root, `.long-${randomUUID()}`)
      renameSync(bytesOf(raw), short)
      this.#long.push(short)
      left.push(name)
      return true
    }
    const stat = lstatSync(bytesOf(raw), { throwIfNoEntry: false })
    if (stat?.uid === this.owner.uid) {
      if (!stat.isDirectory()) return false
      takeOver(raw)
      this.#dropIn(raw, left)
      return false
    }
    left.push(name)
    rmSync(bytesOf(raw), { recursive: true, force: true })
    return true
  }

  #owned(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => join(folder, entry.name))
      .flatMap(path => (lstatSync(path).uid === this.owner.uid ? [path] : this.#owned(path)))
  }
}

/**
 * From now on nobody else changes which names a folder has, also a process that has it open: what is looked at there stays what it is.
 * Safe from the top to the bottom only.
 */
function takeOver(raw: string): void {
  lchownSync(bytesOf(raw), process.getuid?.() ?? 0, process.getgid?.() ?? 0)
  chmodSync(bytesOf(raw), 0o700)
}

/** Of an empty folder. */
const isRemoved = (path: string): boolean => ifPossible(() => rmdirSync(path) ?? true) ?? false

/** One that cannot be looked at is not gone. */
const isGone = (path: string): boolean => ifPossible(() => lstatSync(path, { throwIfNoEntry: false }) == null) ?? false

const exists = (path: string | Buffer): boolean => ifPossible(() => lstatSync(path)) != null
