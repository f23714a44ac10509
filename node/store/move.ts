/** Moves what was unpacked to its place, without overwriting anything or following a link. */
import { lstat, mkdir, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOfFile } from '../../protocols/digest.ts'
import { linkOnce } from './atomic.ts'
import { isCode, syncFolder } from './disk.ts'
import { listSorted } from './folder.ts'

export interface Moved {
  files: number
  bytes: number
}

/** What cannot be moved is given to `refuse`. What was moved is on the disk when this resolves. */
export async function moveIn(from: string, to: string, refuse: (path: string, reason: string) => void): Promise<Moved> {
  const moved = { files: 0, bytes: 0 }
  const moveFolder = async (folder: string): Promise<void> => {
    for (const entry of await listSorted(join(from, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (await ensureFolder(join(to, path))) await moveFolder(path)
        else refuse(path, 'something else is there')
      } else if (await moveFile(join(from, path), join(to, path))) {
        moved.files++
        moved.bytes += (await lstat(join(to, path))).size
      } else refuse(path, 'there already, with other bytes')
    }
    await syncFolder(join(to, folder))
  }
  await moveFolder('')
  return moved
}

/** @returns false if the name is taken by anything but a folder, a link to one included */
async function ensureFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o755 })
    return true
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
    return (await lstat(path)).isDirectory()
  }
}

async function moveFile(from: string, to: string): Promise<boolean> {
  await syncFile(from)
  if (await linkOnce(from, to)) {
    await unlink(from)
    return true
  }
  return sameBytes(from, to)
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  const [mine, there] = await Promise.all([lstat(a), lstat(b)])
  if (!there.isFile() || mine.size !== there.size) return false
  return (await digestOfFile(a)).sha256 === (await digestOfFile(b)).sha256
}
