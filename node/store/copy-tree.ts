/**
 * Copies a folder to another disk, durably: files with their times, links as links, empty folders, names of any bytes; blocks of zeros
 * become holes. It follows no link.
 */
import { constants, lstatSync, type Stats } from 'node:fs'
import { mkdir, open, readlink, symlink } from 'node:fs/promises'
import { BakError } from '../../protocols/errors.ts'
import { bytesOf, packedName, rawOf } from '../../protocols/file-names.ts'
import { describeOther, listRaw } from '../../protocols/folder-digests.ts'
import { dataOf } from '../holes.ts'
import { onDisk, writeAll } from './disk.ts'

const CHUNK_BYTES = 1024 * 1024
/** What stat(2) counts in. */
const BLOCK_BYTES = 512

interface CopyOptions {
  signal: AbortSignal
  /** Called with the bytes of files that were read since the last call. */
  onRead(bytes: number): void
}

/** @returns bytes of its files, and those that they take on the disk. @throws {BakError} `io` for what is neither file, folder nor link */
export function measureTree(folder: string): { bytes: number; stored: number } {
  const sum = { bytes: 0, stored: 0 }
  const walk = (raw: string): void => {
    for (const entry of listRaw(raw)) {
      const at = `${raw}/${entry.name}`
      const stat = lstatSync(bytesOf(at))
      if (stat.isDirectory()) walk(at)
      else if (stat.isFile()) {
        sum.bytes += stat.size
        sum.stored += stat.blocks * BLOCK_BYTES
      } else if (!stat.isSymbolicLink())
        throw new BakError('io', `${packedName(at)} is ${describeOther(entry, at)}, which cannot be copied`)
    }
  }
  walk(rawOf(folder))
  return sum
}

/** @param to does not exist; on the disk when this resolves. @throws {BakError} `no-space` or `io`, naming the place */
export async function copyTree(from: string, to: string, options: CopyOptions): Promise<void> {
  await onDisk(to, () => copyFolder(rawOf(from), rawOf(to), options))
}

async function copyFolder(from: string, to: string, options: CopyOptions): Promise<void> {
  await mkdir(bytesOf(to), { mode: 0o755 })
  for (const { name } of listRaw(from)) {
    options.signal.throwIfAborted()
    const [source, target] = [`${from}/${name}`, `${to}/${name}`]
    const stat = lstatSync(bytesOf(source))
    if (stat.isDirectory()) await copyFolder(source, target, options)
    else if (stat.isSymbolicLink())
      await symlink(await readlink(bytesOf(source), { encoding: 'buffer' }), bytesOf(target))
    else await copyFile(source, target, stat, options)
  }
  const folder = await open(bytesOf(to), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function copyFile(from: string, to: string, stat: Stats, { signal, onRead }: CopyOptions): Promise<void> {
  const source = await open(bytesOf(from), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const target = await open(bytesOf(to), 'wx', stat.mode & 0o755)
    try {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, stat.size)))
      let offset = 0
      for (;;) {
        signal.throwIfAborted()
        const { bytesRead } = await source.read(buffer, 0, buffer.length, offset)
        if (bytesRead === 0) break
        const chunk = buffer.subarray(0, bytesRead)
        for (const [begin, end] of dataOf(chunk, offset))
          await writeAll(target, chunk.subarray(begin, end), offset + begin)
        offset += bytesRead
        onRead(bytesRead)
      }
      await target.truncate(offset)
      await target.utimes(stat.atime, stat.mtime)
      await target.sync()
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}
