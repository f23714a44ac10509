/**
 * Moves unpacked files to their destination, and neither overwrites anything nor follows a link. A file whose name another file has gets
 * another name beside it: its sender deletes its copy.
 */
import { lstatSync, mkdirSync, readdirSync, renameSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { digestOfFile } from '../../protocols/digest.ts'
import { MAX_NAMES_OF_FILE, namesLike, rawOf, sealedName } from '../../protocols/file-names.ts'
import { linkOnce } from './atomic.ts'
import { isCode, syncFolder, syncPath } from './disk.ts'
import { ancestors } from './entries.ts'
import { yielder } from './yield.ts'

const MAX_NAME_BYTES = 255

const sealed = (path: string) => sealedName(rawOf(path))

interface Size {
  files: number
  bytes: number
}

/** The path that a file had, and the one that it got beside it, as a seal has them. */
export interface RenamedEntry {
  path: string
  as: string
}

interface Moved extends Size {
  /** What got another name than its own, as a seal has them. */
  renamed: RenamedEntry[]
}

interface MoveOptions {
  /** The folder in `to` that `from` is moved to. */
  at?: string
  /** False if the caller makes the files durable itself. */
  sync?: boolean
}

/** Calls `refuse` for what cannot be moved. The rest is durable when this resolves; `from` may be gone. */
export async function moveIn(
  from: string,
  to: string,
  refuse: (path: string, reason: string) => void,
  { at = '', sync = true }: MoveOptions = {}
): Promise<Moved> {
  const placeOf = (path: string) => join(to, at, path)
  const maybeYield = yielder()
  const moved: Moved = { files: 0, bytes: 0, renamed: [] }
  const settle = async (path: string) => (sync ? syncPath(path) : maybeYield())

  const moveFolder = async (folder: string): Promise<void> => {
    for (const entry of listSorted(join(from, folder))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (await moveWhole(path)) continue
        if (statOf(placeOf(path))?.isDirectory()) await moveFolder(path)
        else refuse(join(at, path), 'the name is taken')
        continue
      }
      const place = await moveFile(path)
      if (place == null) {
        refuse(join(at, path), 'exists with other bytes')
        continue
      }
      add(moved, { files: 1, bytes: lstatSync(placeOf(place)).size })
      if (place !== path) moved.renamed.push({ path: sealed(join(at, path)), as: sealed(join(at, place)) })
    }
    if (sync) await syncFolder(placeOf(folder))
  }

  /** @returns false if the folder's name is taken */
  const moveWhole = async (folder: string): Promise<boolean> => {
    if (statOf(placeOf(folder)) != null) return false
    const all = { files: 0, bytes: 0 }
    await prepare(folder, all)
    if (!renameFolder(join(from, folder), placeOf(folder))) return false
    add(moved, all)
    return true
  }

  /** Makes the files durable first, so that no name appears at the destination before its content is on the disk. */
  const prepare = async (folder: string, all: Size): Promise<void> => {
    for (const entry of listSorted(join(from, folder))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) await prepare(path, all)
      else {
        add(all, { files: 1, bytes: lstatSync(join(from, path)).size })
        await settle(join(from, path))
      }
    }
    await settle(join(from, folder))
  }

  /** @returns where it is now; nothing if its name, and others like it, are taken by what is no file */
  const moveFile = async (path: string): Promise<string | undefined> => {
    await settle(join(from, path))
    for (const name of namesLike(basename(path)).take(MAX_NAMES_OF_FILE)) {
      if (Buffer.byteLength(name) > MAX_NAME_BYTES) return undefined
      const place = join(dirname(path), name)
      if (linkOnce(join(from, path), placeOf(place))) {
        unlinkSync(join(from, path))
        return place
      }
      if (!statOf(placeOf(place))?.isFile()) return undefined
      if (await sameBytes(join(from, path), placeOf(place))) return place
    }
    return undefined
  }

  const above = at === '' ? [] : ['', ...ancestors(at)]
  const blocked = above.find(folder => !ensureFolder(join(to, folder)))
  if (blocked != null) {
    refuse(blocked, 'the name is taken')
    return moved
  }
  if (at === '' || !(await moveWhole(''))) {
    if (ensureFolder(placeOf(''))) await moveFolder('')
    else refuse(at, 'the name is taken')
  }
  if (sync) await Promise.all(above.map(folder => syncFolder(join(to, folder))))
  return moved
}

/** The entries of a folder in an order that does not depend on the file system or the locale. */
function listSorted(folder: string) {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** @returns false if the name is taken by anything but a folder, a link to one included */
function ensureFolder(path: string): boolean {
  const stat = statOf(path)
  if (stat != null) return stat.isDirectory()
  try {
    mkdirSync(path, { mode: 0o755 })
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return statOf(path)?.isDirectory() ?? false
    throw error
  }
}

const statOf = (path: string) => lstatSync(path, { throwIfNoEntry: false })

/** @returns false if the name is taken, also by a link to a folder; an empty folder is replaced */
function renameFolder(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (isCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) return false
    throw error
  }
}

function add(sum: Size, { files, bytes }: Size): void {
  sum.files += files
  sum.bytes += bytes
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  const [statA, statB] = [lstatSync(a), lstatSync(b)]
  if (!statB.isFile() || statA.size !== statB.size) return false
  return (await digestOfFile(a)).sha256 === (await digestOfFile(b)).sha256
}
