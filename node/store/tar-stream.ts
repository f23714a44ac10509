/**
 * Files and folders as the bytes of a tar. Names are sorted and headers contain only path, mode, size and time, so that the
 * same content gives the same bytes. What is left out of a folder, and why, is in a `missing.txt` in it. A file that grows while it is
 * read is cut at its first size, one that shrinks is padded with zeros, and both are named. Each file is hashed as it is packed; where the
 * packer signs, the last entry is the list of all.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { Header, type HeaderData, Pax } from 'tar'
import { digestOf, newDigest } from '../../protocols/digest.ts'
import { bytesOf, namesLike, rawOf } from '../../protocols/file-names.ts'
import { pass } from '../../protocols/gc-hint.ts'
import { FILE_LISTS_FILE, MISSING_FILE } from '../../protocols/layout.ts'
import { bytesIn, dataOf } from '../holes.ts'
import { leaveUnreadable, type PackEntry, packList, topsOf } from './pack-list.ts'
import { lineOf, PackReport } from './pack-report.ts'

const BLOCK_BYTES = 512
const CHUNK_BYTES = 256 * 1024
/** A file up to this size is read synchronously, which is faster than a turn of the thread pool. */
const MAX_SYNC_READ_BYTES = 64 * 1024

/**
 * @param paths files and folders relative to `root`, which become the names in the tar
 * @param sign makes the last entry of the list of all files
 */
export async function* tarStream(
  root: string,
  paths: string[],
  report = new PackReport(),
  sign?: (list: Uint8Array) => Uint8Array
): AsyncGenerator<Uint8Array> {
  for (const top of topsOf(paths)) {
    const before = report.left.length
    let folder: PackEntry | undefined
    for await (const entry of packList(root, top, report)) {
      if (entry.name === top && entry.stat.isDirectory()) folder = entry
      if (entry.stat.isDirectory()) {
        report.list(entry.name)
        yield header({ ...common(entry), path: `${entry.name}/`, type: 'Directory', size: 0 })
      } else yield* file(root, entry, report)
    }
    const lines = report.left.slice(before).map(lineOf)
    if (folder != null && lines.length > 0) yield* note(root, folder, lines, report)
  }
  if (sign != null) yield* fileList(sign(report.listed))
  yield new Uint8Array(2 * BLOCK_BYTES)
}

/** The list of what is not there, under a name that no file of the folder has. */
async function* note(root: string, folder: PackEntry, lines: string[], report: PackReport): AsyncGenerator<Uint8Array> {
  const name = namesLike(MISSING_FILE).find(each => !existsSync(join(root, folder.name, each)))
  const bytes = Buffer.from(`${lines.join('\n')}\n`)
  const path = `${folder.name}/${name}`
  report.list(path, { sha256: digestOf(bytes), bytes: bytes.length })
  yield header({ ...common(folder), path, mode: 0o644, size: bytes.length })
  yield bytes
  yield padding(bytes.length)
}

function* fileList(bytes: Uint8Array): Generator<Uint8Array> {
  yield header({ type: 'File', path: FILE_LISTS_FILE, mode: 0o644, mtime: new Date(0), size: bytes.length })
  yield bytes
  yield padding(bytes.length)
}

async function* file(root: string, entry: PackEntry, report: PackReport): AsyncGenerator<Uint8Array> {
  const path = bytesOf(`${rawOf(root)}/${entry.raw}`)
  if (entry.stat.size <= MAX_SYNC_READ_BYTES) return yield* smallFile(path, entry, report)
  try {
    await (await openFile(path)).close()
  } catch (cause) {
    return leaveUnreadable(report, entry.raw, cause)
  }
  // opened again after the header: a reader that goes away before its first byte leaves nothing open
  yield header({ ...common(entry), path: entry.name, size: entry.stat.size })
  const handle = await openFile(path)
  try {
    yield* content(handle, entry, report)
  } finally {
    await handle.close()
  }
  yield padding(entry.stat.size)
}

const openFile = (path: Buffer) => open(path, constants.O_RDONLY | constants.O_NOFOLLOW)

function* smallFile(path: Buffer, entry: PackEntry, report: PackReport): Generator<Uint8Array> {
  const { raw, name, stat } = entry
  let bytes: Uint8Array
  try {
    bytes = readWhole(path, stat.size)
  } catch (cause) {
    return leaveUnreadable(report, raw, cause)
  }
  report.packed(raw, bytesIn(dataOf(bytes, 0)))
  report.list(name, { sha256: digestOf(bytes), bytes: bytes.length })
  yield header({ ...common(entry), path: name, size: bytes.length })
  if (bytes.length > 0) yield bytes
  yield padding(bytes.length)
}

/** Exactly as many bytes as the header says. */
async function* content(
  handle: FileHandle,
  { raw, name, stat }: PackEntry,
  report: PackReport
): AsyncGenerator<Uint8Array> {
  const { size } = stat
  const hash = newDigest()
  let data = 0
  let end = size
  const read = async (at: number): Promise<Uint8Array> => {
    const length = Math.min(CHUNK_BYTES, size - at)
    const buffer = Buffer.allocUnsafe(length)
    const { bytesRead } = at >= end ? { bytesRead: 0 } : await handle.read(buffer, 0, length, at)
    if (bytesRead === 0) end = Math.min(end, at)
    return bytesRead === 0 ? new Uint8Array(length) : buffer.subarray(0, bytesRead)
  }
  let next = read(0)
  for (let at = 0; at < size; ) {
    const chunk = await next.catch(cause => {
      report.leave(raw, `cannot be read from byte ${at} on, zeros stand for the rest: ${(cause as Error).message}`)
      end = at
      return read(at)
    })
    const offset = at
    at += chunk.length
    // the next chunk is read while this one is compressed
    if (at < size) next = read(at)
    next.catch(() => {})
    data += bytesIn(dataOf(chunk, offset))
    hash.update(chunk)
    pass(chunk.length)
    yield chunk
  }
  report.packed(raw, data)
  report.list(name, { sha256: hash.digest('hex'), bytes: size })
  const now = (await handle.stat()).size
  if (now !== size)
    report.leave(raw, `changed while it was packed: it had ${size} bytes and has ${now}`, { isKept: false })
}

/** @returns the bytes that are there, at most `size` */
function readWhole(path: Buffer, size: number): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const bytes = Buffer.alloc(Math.min(size, fstatSync(file).size))
    let at = 0
    while (at < bytes.length) {
      const read = readSync(file, bytes, at, bytes.length - at, at)
      if (read === 0) break
      at += read
    }
    return bytes.subarray(0, at)
  } finally {
    closeSync(file)
  }
}

function header(data: HeaderData): Uint8Array {
  const head = new Header(data)
  const isLong = head.encode()
  const block = head.block as Buffer
  const { path, size } = data
  return isLong ? Buffer.concat([new Pax({ path, size }).encode(), block]) : block
}

/** What the headers of files and folders have in common. */
const common = ({ stat }: PackEntry) => ({
  type: 'File' as const,
  mode: stat.isDirectory() || stat.mode & 0o111 ? 0o755 : 0o644,
  mtime: wholeSeconds(stat)
})

const padding = (size: number) => new Uint8Array((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES)

const wholeSeconds = ({ mtimeMs }: Stats) => new Date(Math.floor(Math.max(0, mtimeMs) / 1000) * 1000)
