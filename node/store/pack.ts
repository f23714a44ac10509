/**
 * A tar of files and folders, compressed, in one pass, and never whole in memory unless it is small. Names are sorted and headers bear only
 * path, mode, size and time, so that the same content gives the same bytes. What grows while it is read is cut at the size
 * it had; what shrinks is filled up with zeros; links, devices and sockets are left out.
 */
import { closeSync, constants, lstatSync, openSync, readSync, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { pipe } from 'it-pipe'
import { Header, type HeaderData, Pax } from 'tar'
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { pass } from '../../protocols/gc-hint.ts'
import { fillAtomic } from './atomic.ts'
import { onDisk } from './disk.ts'
import { listSorted } from './file-digests.ts'
import { type Counted, writeCounted } from './write-counted.ts'
import { type Yield, yielder } from './yield.ts'
import { type Bytes, compress, compressWhole, LEVEL } from './zstd.ts'

export interface PackOptions {
  signal?: AbortSignal
  /** zstd's level, `LEVEL` unless told. */
  level?: number
}

/** The archive. */
export type Packed = Counted

export interface InMemoryTarball extends Packed {
  content: Uint8Array
}

interface Entry {
  /** Relative to the root. */
  path: string
  stat: Stats
}

const BLOCK = 512
const CHUNK = 256 * 1024
/** A file of no more bytes is read in one go. */
const SHORT = 64 * 1024
/** A tar of no more bytes than this is held to see how small it becomes. */
const MOST_HELD = 256 * 1024

/**
 * @param paths files and folders relative to `root`, which become the names in the archive
 * @throws {BakError} `no-space` or `io`; `target` is then as it was
 */
export function pack(root: string, paths: string[], target: string, options: PackOptions = {}): Promise<Packed> {
  return fill(target, tar(root, list(root, paths)), options)
}

/** The same, but what becomes no more than `most` bytes is in no file. */
export async function packSmall(
  root: string,
  paths: string[],
  target: string,
  { most, ...options }: PackOptions & { most: number }
): Promise<Packed | InMemoryTarball> {
  const source = tar(root, list(root, paths))
  const begun = await onDisk(root, () => begin(source))
  options.signal?.throwIfAborted()
  const content = begun.over ? compressWhole(Buffer.concat(begun.chunks), options.level ?? LEVEL) : undefined
  if (content == null || content.length > most) return fill(target, resume(begun.chunks, source), options)
  return { digest: digestOf(content), bytes: content.length, content }
}

function fill(target: string, source: Bytes, { signal, level = LEVEL }: PackOptions): Promise<Packed> {
  return fillAtomic(
    target,
    handle => {
      const write = (compressed: Bytes) => writeCounted(handle, compressed, signal)
      return pipe(source, compress(level, signal), write)
    },
    { mode: 0o600 }
  )
}

/** Reads so much of the source as is held at most. */
async function begin(source: AsyncGenerator<Uint8Array>): Promise<{ chunks: Uint8Array[]; over: boolean }> {
  const chunks: Uint8Array[] = []
  for (let size = 0; size <= MOST_HELD; ) {
    const { done, value } = await source.next()
    if (done) return { chunks, over: true }
    chunks.push(value)
    size += value.length
  }
  return { chunks, over: false }
}

async function* resume(chunks: Uint8Array[], source: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks
  yield* source
}

async function* list(root: string, paths: string[]): AsyncGenerator<Entry> {
  const breathe = yielder()
  const sorted = [...new Set(paths.map(normalise))].sort()
  const inside = (path: string, folder: string) => folder === '.' || path.startsWith(`${folder}/`)
  const tops = sorted.filter(path => !sorted.some(other => other !== path && inside(path, other)))
  for (const path of tops) yield* walk(root, path, breathe)
}

async function* walk(root: string, path: string, breathe: Yield): AsyncGenerator<Entry> {
  await breathe()
  const stat = await onDisk(join(root, path), async () => lstatSync(join(root, path)))
  if (stat.isFile()) yield { path, stat }
  if (!stat.isDirectory()) return
  if (path !== '.') yield { path, stat }
  for (const { name } of listSorted(join(root, path))) {
    yield* walk(root, path === '.' ? name : `${path}/${name}`, breathe)
  }
}

async function* tar(root: string, entries: AsyncIterable<Entry>): AsyncGenerator<Uint8Array> {
  for await (const { path, stat } of entries) {
    if (stat.isDirectory()) {
      yield header({ path: `${path}/`, type: 'Directory', mode: 0o755, size: 0, mtime: seconds(stat) })
      continue
    }
    const mode = stat.mode & 0o111 ? 0o755 : 0o644
    yield header({ path, type: 'File', mode, size: stat.size, mtime: seconds(stat) })
    yield* content(join(root, path), stat.size)
    yield new Uint8Array((BLOCK - (stat.size % BLOCK)) % BLOCK)
  }
  yield new Uint8Array(2 * BLOCK)
}

async function* content(path: string, size: number): AsyncGenerator<Uint8Array> {
  if (size === 0) return
  if (size <= SHORT) return yield await onDisk(path, async () => readShort(path, size))
  const handle = await onDisk(path, () => open(path, constants.O_RDONLY | constants.O_NOFOLLOW))
  try {
    let next = readChunk(handle, 0, Math.min(CHUNK, size))
    for (let at = 0; at < size; ) {
      const chunk = await next
      at += chunk.length
      // read while this one is compressed
      if (at < size) next = readChunk(handle, at, Math.min(CHUNK, size - at))
      next.catch(() => {})
      pass(chunk.length)
      yield chunk
    }
  } finally {
    await handle.close()
  }
}

/** What fills up is zero. */
function readShort(path: string, size: number): Uint8Array {
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
  const long = head.encode()
  const block = head.block as Buffer
  const { path, size } = data
  return long ? Buffer.concat([new Pax({ path, size }).encode(), block]) : block
}

const seconds = ({ mtimeMs }: Stats) => new Date(Math.floor(Math.max(0, mtimeMs) / 1000) * 1000)

function normalise(path: string): string {
  const plain = posix.normalize(path).replace(/\/+$/, '')
  if (plain !== '' && !plain.startsWith('/') && plain !== '..' && !plain.startsWith('../')) return plain
  throw new BakError('bug', `not a path inside the folder to pack: ${path}`)
}
