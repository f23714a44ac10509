/**
 * Files and folders as the bytes of a tar. Names are sorted and headers contain only path, mode, size and time, so that the
 * same content gives the same bytes. A file that grows while it is read is cut at its first size, one that shrinks is padded
 * with zeros; links, devices and sockets are left out.
 */
import { closeSync, constants, lstatSync, openSync, readSync, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { Header, type HeaderData, Pax } from 'tar'
import { BakError } from '../../protocols/errors.ts'
import { pass } from '../../protocols/gc-hint.ts'
import { onDisk } from './disk.ts'
import { listSorted } from './file-digests.ts'
import { type Yield, yielder } from './yield.ts'

interface Entry {
  /** Relative to the root. */
  path: string
  stat: Stats
}

const BLOCK_BYTES = 512
const CHUNK_BYTES = 256 * 1024
/** A file up to this size is read synchronously, which is faster than a turn of the thread pool. */
const MAX_SYNC_READ_BYTES = 64 * 1024

/** @param paths files and folders relative to `root`, which become the names in the tar */
export async function* tarStream(root: string, paths: string[]): AsyncGenerator<Uint8Array> {
  for await (const { path, stat } of list(root, paths)) {
    if (stat.isDirectory()) {
      yield header({ path: `${path}/`, type: 'Directory', mode: 0o755, size: 0, mtime: wholeSeconds(stat) })
      continue
    }
    const mode = stat.mode & 0o111 ? 0o755 : 0o644
    yield header({ path, type: 'File', mode, size: stat.size, mtime: wholeSeconds(stat) })
    yield* content(join(root, path), stat.size)
    yield new Uint8Array((BLOCK_BYTES - (stat.size % BLOCK_BYTES)) % BLOCK_BYTES)
  }
  yield new Uint8Array(2 * BLOCK_BYTES)
}

async function* list(root: string, paths: string[]): AsyncGenerator<Entry> {
  const maybeYield = yielder()
  const sorted = [...new Set(paths.map(normalise))].sort()
  const inside = (path: string, folder: string) => folder === '.' || path.startsWith(`${folder}/`)
  const tops = sorted.filter(path => !sorted.some(other => other !== path && inside(path, other)))
  for (const path of tops) yield* walk(root, path, maybeYield)
}

async function* walk(root: string, path: string, maybeYield: Yield): AsyncGenerator<Entry> {
  await maybeYield()
  const stat = await onDisk(join(root, path), async () => lstatSync(join(root, path)))
  if (stat.isFile()) yield { path, stat }
  if (!stat.isDirectory()) return
  if (path !== '.') yield { path, stat }
  for (const { name } of listSorted(join(root, path))) {
    yield* walk(root, path === '.' ? name : `${path}/${name}`, maybeYield)
  }
}

async function* content(path: string, size: number): AsyncGenerator<Uint8Array> {
  if (size === 0) return
  if (size <= MAX_SYNC_READ_BYTES) return yield await onDisk(path, async () => readWhole(path, size))
  const handle = await onDisk(path, () => open(path, constants.O_RDONLY | constants.O_NOFOLLOW))
  try {
    let next = readChunk(handle, 0, Math.min(CHUNK_BYTES, size))
    for (let at = 0; at < size; ) {
      const chunk = await next
      at += chunk.length
      // the next chunk is read while this one is compressed
      if (at < size) next = readChunk(handle, at, Math.min(CHUNK_BYTES, size - at))
      next.catch(() => {})
      pass(chunk.length)
      yield chunk
    }
  } finally {
    await handle.close()
  }
}

/** @returns `size` bytes, padded with zeros */
function readWhole(path: string, size: number): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const bytes = Buffer.alloc(size)
    for (let at = 0; at < size; ) {
      const read = readSync(file, bytes, at, size - at, at)
      if (read === 0) break
      at += read
    }
    return bytes
  } finally {
    closeSync(file)
  }
}

async function readChunk(handle: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(length)
  const { bytesRead } = await handle.read(buffer, 0, length, at)
  return bytesRead === 0 ? new Uint8Array(length) : buffer.subarray(0, bytesRead)
}

function header(data: HeaderData): Uint8Array {
  const head = new Header(data)
  const isLong = head.encode()
  const block = head.block as Buffer
  const { path, size } = data
  return isLong ? Buffer.concat([new Pax({ path, size }).encode(), block]) : block
}

const wholeSeconds = ({ mtimeMs }: Stats) => new Date(Math.floor(Math.max(0, mtimeMs) / 1000) * 1000)

function normalise(path: string): string {
  const plain = posix.normalize(path).replace(/\/+$/, '')
  if (plain !== '' && !plain.startsWith('/') && plain !== '..' && !plain.startsWith('../')) return plain
  throw new BakError('bug', `not a path inside the folder to pack: ${path}`)
}
