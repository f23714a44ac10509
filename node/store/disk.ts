/** What every file operation of the store needs: failures as `BakError`, durable folders, free space. */
import { type FileHandle, mkdir, open, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { groupCommit } from './group-commit.ts'

/** Runs `work`; its failure becomes a `BakError` that names `path`: `no-space` for a full disk, `io` for the rest. */
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

/** @returns undefined if `work` fails because a file is missing */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/**
 * Makes a folder and those above it. Node's recursive mkdir never returns below /proc, and hides why on a read-only file system.
 * @returns when it is there, made or found
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (cause) {
    if (isCode(cause, 'EEXIST') && (await stat(path)).isDirectory()) return
    // a parent that exists leaves no other reason
    if (!isCode(cause, 'ENOENT') || (await unlessMissing(stat(dirname(path)))) != null) throw cause
    await makeFolder(dirname(path), mode)
    await makeFolder(path, mode)
  }
}

/** Opens a file for writes at offsets and keeps its content, or creates it. Appending would ignore offsets, pwrite(2). */
export async function openInPlace(path: string, mode: number): Promise<FileHandle> {
  return (await unlessMissing(open(path, 'r+'))) ?? (await open(path, 'wx+', mode))
}

/** Writes all bytes at an offset: one write may write fewer. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    written += (await handle.write(bytes, written, bytes.length - written, offset + written)).bytesWritten
  }
}

/** Makes durable the content of a file, or the names in a folder. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** `syncPath` for a folder with many writers: one fsync serves all callers that asked before it began. */
export const syncFolder = groupCommit(syncPath)

/** @returns bytes that this user may still write on the file system of `path` */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

/** Stays free for what must be written in any case, such as journals and receipts. */
export const RESERVED_BYTES = 16 * 1024 * 1024

/** @throws {BakError} `no-space` unless `bytes` fit on the disk of `path` and `reserved` bytes stay free */
export async function ensureFree(path: string, bytes: number, reserved = RESERVED_BYTES): Promise<void> {
  const free = await onDisk(path, () => freeBytes(path))
  if (free >= bytes + reserved) return
  const kept = reserved === 0 ? '' : ` and ${reserved} are kept free`
  throw new BakError(
    'no-space',
    `no space left on the disk of ${path}: ${bytes} bytes are needed${kept}, ${free} are free`
  )
}
