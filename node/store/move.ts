/** Moves what was unpacked to its place, without overwriting anything or following a link. */
import { lstatSync, renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { digestOfFile } from '../../protocols/digest.ts'
import { linkOnce } from './atomic.ts'
import { breather } from './breath.ts'
import { isCode, syncPath } from './disk.ts'
import { listSorted } from './folder.ts'

export interface Moved {
  files: number
  bytes: number
}

export interface MoveOptions {
  /** Off where who calls makes it durable. */
  sync?: boolean
}

/** What cannot be moved is given to `refuse`. What was moved is on the disk when this resolves. */
export async function moveIn(
  from: string,
  to: string,
  refuse: (path: string, reason: string) => void,
  { sync = true }: MoveOptions = {}
): Promise<Moved> {
  const breathe = breather()
  const moved = { files: 0, bytes: 0 }
  const settle = async (path: string) => (sync ? syncPath(path) : breathe())

  const moveFolder = async (folder: string): Promise<void> => {
    for (const entry of listSorted(join(from, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (await moveWhole(path)) continue
        if (look(join(to, path))?.isDirectory()) await moveFolder(path)
        else refuse(path, 'something else is there')
      } else if (await moveFile(path)) add(moved, { files: 1, bytes: lstatSync(join(to, path)).size })
      else refuse(path, 'there already, with other bytes')
    }
    await settle(join(to, folder))
  }

  /** @returns false where something has the folder's name already */
  const moveWhole = async (folder: string): Promise<boolean> => {
    if (look(join(to, folder)) != null) return false
    const all = { files: 0, bytes: 0 }
    await prepare(folder, all)
    if (!renameFolder(join(from, folder), join(to, folder))) return false
    add(moved, all)
    return true
  }

  /** No name is seen in its place before what it names is on the disk. */
  const prepare = async (folder: string, all: Moved): Promise<void> => {
    for (const entry of listSorted(join(from, folder))) {
      const path = `${folder}/${entry.name}`
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
    if (!linkOnce(join(from, path), join(to, path))) return sameBytes(join(from, path), join(to, path))
    unlinkSync(join(from, path))
    return true
  }

  await moveFolder('')
  return moved
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
