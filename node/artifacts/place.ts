/**
 * Puts a copy of an artifact where a program finds it: of its own, so that what the program changes is changed for nobody else, by sharing blocks
 * where the file system can do that. Names in a listing lead nowhere else, since each is below a folder that was made here.
 */
import { constants } from 'node:fs'
import { chmod, copyFile, lchown, lstat, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Artifact, ArtifactEntry } from '../../protocols/artifact.ts'
import { BakError } from '../../protocols/errors.ts'
import { isCode, onDisk } from '../store/disk.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { fileIn } from './body.ts'

/** While it is filled, only the daemon enters a folder. */
const FILLING = 0o700

export interface PlaceOptions {
  /** The user that owns the copy; the daemon's where it is left out. */
  uid?: number
  gid?: number
  signal?: AbortSignal
}

/**
 * @param into the path of the file or folder that the artifact becomes there; its parent is there, and nobody else changes it now. A folder that is
 * there already gets what is in the artifact, beside what it has
 * @throws {BakError} `usage` if a name is taken, `unknown-digest`, `damaged`, `no-space`, `io`
 */
export async function placeArtifact(
  store: ArtifactStore,
  digest: string,
  into: string,
  options: PlaceOptions = {}
): Promise<void> {
  const owner = `place ${digest} ${into}`
  store.needs.add(owner, [digest])
  try {
    await copyEntries(await store.read(digest), store.folderOf(digest), into, options)
  } finally {
    store.needs.release(owner)
  }
}

async function copyEntries(
  { entries }: Artifact,
  folder: string,
  into: string,
  { uid, gid, signal }: PlaceOptions
): Promise<void> {
  const made: Array<{ path: string; mode: number }> = []
  const own = async (path: string) => {
    if (uid != null) await lchown(path, uid, gid ?? uid)
  }
  let file = 0
  for (const entry of entries) {
    signal?.throwIfAborted()
    const path = entry.path === '' ? into : join(into, entry.path)
    await onDisk(path, async () => {
      if (entry.type === 'folder') {
        if (await makeFolder(path)) made.push({ path, mode: entry.mode })
        else return
      } else if (entry.type === 'link') await symlink(entry.target, path)
      else await copyEntry(entry, fileIn(folder, file++), path)
      await own(path)
    }).catch(cause => {
      throw isCode(cause.cause ?? cause, 'EEXIST')
        ? new BakError('usage', `${entry.path || into} is there twice among what is staged`, { cause })
        : cause
    })
  }
  // a folder without the right to write is filled before it loses it
  for (const { path, mode } of made.reverse()) await onDisk(path, () => chmod(path, mode))
}

async function copyEntry(entry: ArtifactEntry & { type: 'file' }, from: string, path: string): Promise<void> {
  if (entry.bytes === 0) await writeFile(path, '', { flag: 'wx' })
  else await copyFile(from, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  await chmod(path, entry.mode)
}

/** @returns whether it is new */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: FILLING })
    return true
  } catch (cause) {
    if (isCode(cause, 'EEXIST') && (await lstat(path)).isDirectory()) return false
    throw cause
  }
}

/** Makes the folders between a working folder and a path in it, as its user's. */
export async function makeParents(root: string, path: string, { uid, gid }: PlaceOptions): Promise<void> {
  const parent = dirname(path)
  if (parent === '.') return
  await makeParents(root, parent, { uid, gid })
  const folder = join(root, parent)
  await onDisk(folder, async () => {
    if (!(await makeFolder(folder))) return
    if (uid != null) await lchown(folder, uid, gid ?? uid)
  })
}
