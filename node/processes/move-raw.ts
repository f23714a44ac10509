/** Moves a file or folder by its raw path, also to another file system: there it is copied, links as they are and holes as holes. */
import { constants, mkdirSync, readlinkSync, renameSync, symlinkSync } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { bytesOf } from '../../protocols/file-names.ts'
import { listRaw } from '../../protocols/folder-digests.ts'
import { dataOf } from '../holes.ts'

const CHUNK_BYTES = 1024 * 1024

/** Nobody else may change what is moved meanwhile. @returns the names of what cannot be moved, as of a pipe, and stays. Never rejects */
export async function moveRaw(from: string, to: string): Promise<string[]> {
  try {
    renameSync(bytesOf(from), bytesOf(to))
    return []
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EXDEV') return [nameOf(from)]
  }
  return copy(from, to).catch(() => [nameOf(from)])
}

async function copy(from: string, to: string): Promise<string[]> {
  const found = await lstat(bytesOf(from))
  if (found.isSymbolicLink()) {
    symlinkSync(readlinkSync(bytesOf(from), 'buffer'), bytesOf(to))
    return []
  }
  if (found.isFile()) {
    await copyFile(from, to, found.mode & 0o777)
    return []
  }
  if (!found.isDirectory()) return [nameOf(from)]
  mkdirSync(bytesOf(to), { mode: 0o700 })
  const left: string[] = []
  for (const { name } of listRaw(from)) left.push(...(await moveRaw(`${from}/${name}`, `${to}/${name}`)))
  return left
}

/** A file of holes must not fill the disk that it comes to. */
async function copyFile(from: string, to: string, mode: number): Promise<void> {
  await using source = await open(bytesOf(from), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  await using target = await open(bytesOf(to), 'wx', mode)
  const { size } = await source.stat()
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let at = 0; at < size; ) {
    const { bytesRead } = await source.read(chunk, 0, CHUNK_BYTES, at)
    if (bytesRead === 0) break
    for (const [start, end] of dataOf(chunk.subarray(0, bytesRead), at))
      await writeAll(target, chunk.subarray(start, end), at + start)
    at += bytesRead
  }
  await target.truncate(size)
}

async function writeAll(target: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await target.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
}

const nameOf = (raw: string) => raw.slice(raw.lastIndexOf('/') + 1)
