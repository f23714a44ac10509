/** Moves what was unpacked to its place, without overwriting anything or following a link. */
import { lstatSync, mkdirSync, renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { digestOfFile } from '../../protocols/digest.ts'
import { linkOnce } from './atomic.ts'
import { isCode, syncFolder, syncPath } from './disk.ts'
import { listSorted } from './file-digests.ts'
import { yielder } from './yield.ts'

export interface Moved {
  files: number
  bytes: number
}

export interface MoveOptions {
  /** Where in `to` it belongs. */
  at?: string
  /** Off where who calls makes it durable. */
  sync?: boolean
}

/** What cannot be moved is given to `refuse`. What was moved is on the disk when this resolves; `from` may be gone. */
export async function moveIn(
  from: string,
  to: string,
  refuse: (path: string, reason: string) => void,
  { at = '', sync = true }: MoveOptions = {}
): Promise<Moved> {
  const placeOf = (path: string) => join(to, at, path)
  const breathe = yielder()
  const moved = { files: 0, bytes: 0 }
  const settle = async (path: string) => (sync ? syncPath(path) : breathe())

  const moveFolder = async (folder: string): Promise<void> => {
    for (const entry of listSorted(join(from, folder))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (await moveWhole(path)) continue
        if (look(placeOf(path))?.isDirectory()) await moveFolder(path)
        else refuse(join(at, path), 'something else is there')
      } else if (await moveFile(path)) add(moved, { files: 1, bytes: lstatSync(placeOf(path)).size })
      else refuse(join(at, path), 'there already, with other bytes')
    }
    if (sync) await syncFolder(placeOf(folder))
  }

  /** @returns false where something has the folder's name already */
  const moveWhole = async (folder: string): Promise<boolean> => {
    if (look(placeOf(folder)) != null) return false
    const all = { files: 0, bytes: 0 }
    await prepare(folder, all)
    if (!renameFolder(join(from, folder), placeOf(folder))) return false
    add(moved, all)
    return true
  }

  /** No name is seen in its place before what it names is on the disk. */
  const prepare = async (folder: string, all: Moved): Promise<void> => {
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

  const moveFile = async (path: string): Promise<boolean> => {
    await settle(join(from, path))
    if (!linkOnce(join(from, path), placeOf(path))) return sameBytes(join(from, path), placeOf(path))
    unlinkSync(join(from, path))
    return true
  }

  const above = ancestors(at)
  const blocked = above.find(folder => !ensureFolder(join(to, folder)))
  if (blocked != null) {
    refuse(blocked, 'something else is there')
    return moved
  }
  if (at === '' || !(await moveWhole(''))) {
    if (ensureFolder(placeOf(''))) await moveFolder('')
    else refuse(at, 'something else is there')
  }
  if (sync) await Promise.all(above.map(folder => syncFolder(join(to, folder))))
  return moved
}

/** Those on the way to a path, the outermost first; none for ''. */
const ancestors = (path: string) =>
  path
    .split('/')
    .map((_, i, parts) => parts.slice(0, i).join('/'))
    .slice(path === '' ? 1 : 0)

/** @returns false if the name is taken by anything but a folder, a link to one included */
function ensureFolder(path: string): boolean {
  const there = look(path)
  if (there != null) return there.isDirectory()
  try {
    mkdirSync(path, { mode: 0o755 })
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return look(path)?.isDirectory() ?? false
    throw error
  }
}

const look = (path: string) => lstatSync(path, { throwIfNoEntry: false })

/** @returns false if the name is taken, by a link to a folder, too; an empty folder is nobody's */
function renameFolder(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (isCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) return false
    throw error
  }
}

function add(sum: Moved, { files, bytes }: Moved): void {
  sum.files += files
  sum.bytes += bytes
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  const [mine, there] = [lstatSync(a), lstatSync(b)]
  if (!there.isFile() || mine.size !== there.size) return false
  return (await digestOfFile(a)).sha256 === (await digestOfFile(b)).sha256
}
