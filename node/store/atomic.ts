/** Files that exist whole or not at all: a temporary name in the same folder, fsync, rename, fsync of the folder. */
import { randomBytes } from 'node:crypto'
import { linkSync } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isCode, onDisk, syncFolder, unlessMissing } from './disk.ts'

const TEMPORARY = /^\.bak-[0-9a-f]{16}\.tmp$/

/** @returns whether a file of this name was left by an interrupted write */
export const isTemporary = (name: string) => TEMPORARY.test(name)

/** @returns a new name in `folder` that `removeTemporaries` knows */
export const temporaryIn = (folder: string) => join(folder, `.bak-${randomBytes(8).toString('hex')}.tmp`)

interface WriteOptions {
  mode?: number
  /** A name in the same folder until it is whole, which is this writer's alone. */
  temporary?: string
}

/** @throws {BakError} `no-space` or `io`; the old file is then unchanged and no temporary file is left */
export async function writeAtomic(path: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
  await fillAtomic(path, handle => handle.writeFile(data), options)
}

/** Replaces `path` by what `fill` writes. @returns the value of `fill` @throws as `writeAtomic` does */
export function fillAtomic<T>(
  path: string,
  fill: (handle: FileHandle) => Promise<T>,
  { mode = 0o644, temporary }: WriteOptions = {}
): Promise<T> {
  const place = async (whole: string, result: T) => {
    await rename(whole, path)
    return result
  }
  return onDisk(path, async () => {
    // what an interrupted write left under this name
    if (temporary != null) await rm(temporary, { force: true })
    return withTemporary(path, mode, fill, place, temporary)
  })
}

/** Never overwrites. @returns false if the file exists */
export function createOnce(path: string, data: string | Uint8Array, mode = 0o644): Promise<boolean> {
  const fill = (handle: FileHandle) => handle.writeFile(data)
  return onDisk(path, () =>
    withTemporary(path, mode, fill, async temporary => {
      const isNew = linkOnce(temporary, path)
      await rm(temporary)
      return isNew
    })
  )
}

/** Gives a file a second name. @returns false if that name is taken */
export function linkOnce(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Removes what interrupted writes left. Only for a folder without writers at that time. */
export async function removeTemporaries(folder: string): Promise<void> {
  await onDisk(folder, async () => {
    const names = (await unlessMissing(readdir(folder))) ?? []
    for (const name of names.filter(isTemporary)) {
      await rm(join(folder, name), { recursive: true, force: true })
    }
  })
}

async function withTemporary<T, R>(
  path: string,
  mode: number,
  fill: (handle: FileHandle) => Promise<T>,
  place: (temporary: string, result: T) => Promise<R>,
  temporary = temporaryIn(dirname(path))
): Promise<R> {
  try {
    const handle = await open(temporary, 'wx', mode)
    const result = await fill(handle).finally(() => handle.sync().finally(() => handle.close()))
    const placed = await place(temporary, result)
    await syncFolder(dirname(path))
    return placed
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
