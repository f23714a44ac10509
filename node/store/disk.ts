/** What every file operation of the store needs: failures under one type, folders that are durable, free space. */
import { type FileHandle, open, statfs } from 'node:fs/promises'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { inTurns } from './group-commit.ts'

/** Runs `work` and gives its failure as a `BakError` that names `path`: `no-space` for a full disk, `io` for the rest. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof Error && !(cause instanceof BakError)) (cause as NodeJS.ErrnoException).path ??= path
    throw asBakError(cause)
  }
}

export const isCode = (error: unknown, ...codes: string[]) =>
  codes.includes((error as NodeJS.ErrnoException)?.code ?? '')

/** @returns undefined where `work` found no such file */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** Opens a file to write at offsets of it, with what is in it, or makes it. Not for appending: offsets do not work there, pwrite(2). */
export async function openInPlace(path: string, mode: number): Promise<FileHandle> {
  return (await unlessMissing(open(path, 'r+'))) ?? (await open(path, 'wx+', mode))
}

/** Makes durable what a file holds, or the names in a folder. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The same for a folder that many write to at a time: one turn serves all who asked before it. */
export const syncFolder = inTurns(syncPath)

/** @returns bytes that this user may still write on the file system of `path` */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

/** What stays free for what must be written whatever happens. */
export const MARGIN = 16 * 1024 * 1024

/** @throws {BakError} `no-space` unless `bytes` fit on the disk of `path` and `margin` bytes stay free */
export async function ensureFree(path: string, bytes: number, margin = MARGIN): Promise<void> {
  const free = await onDisk(path, () => freeBytes(path))
  if (free >= bytes + margin) return
  throw new BakError('no-space', `no space left on the disk of ${path}: ${bytes} bytes are to come, ${free} are free`)
}
