/**
 * Unpacks an archive from a peer that is not trusted. It goes into a new folder on the same file system, where no name is
 * taken, and is moved from there name by name; nothing that exists is overwritten, and no link is followed. An entry that
 * is refused does not stop the others. A file that exists with the same bytes counts as unpacked, so that an interrupted
 * unpacking can be repeated.
 */
import { createReadStream, mkdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipe } from 'it-pipe'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { rawOf, sealedName } from '../../protocols/file-names.ts'
import { temporaryIn } from './atomic.ts'
import { onDisk } from './disk.ts'
import { printable } from './entries.ts'
import { type Counted, Exceeded, Extraction, type Refuse } from './extraction.ts'
import { moveIn } from './move.ts'
import { type Bytes, decompress, decompressWhole, type Stage } from './zstd.ts'

export interface UnpackOptions {
  /** Files and folders that may be unpacked, relative to the root; `.` for every path. */
  allow: string[]
  signal?: AbortSignal
  /** Largest size unpacked, in bytes, with holes. */
  maxBytes?: number
  /** Largest number of bytes written; blocks of zeros are not. */
  maxData?: number
  /** Largest number of entries. */
  maxEntries?: number
  /** Takes the list of files out of the archive instead of unpacking it. */
  list?: {
    maxBytes: number
    /** Called before anything is in `root`. @throws if the archive is not to be unpacked */
    check(sealed: Uint8Array): void
  }
  /** Told once the archive has been read to its end. */
  onCounted?(counted: Counted): void
  /** False if the caller makes the files durable itself. */
  sync?: boolean
}

export interface Unpacked {
  files: number
  bytes: number
  /** `path: reason` of each refused entry; the first thousand. */
  refused: string[]
  /** Their paths, as a seal has them. */
  refusedPaths?: string[]
  /** The list of files, where it is taken out and there is one. */
  list?: Uint8Array
}

const MAX_REFUSED = 1000
/** Largest size unpacked of an archive that is unpacked in memory. */
const MAX_IN_MEMORY_BYTES = 1024 * 1024

/**
 * @param archive the path of a file; or the bytes of a small archive
 * @throws {BakError} `mismatch` if it is not a whole archive, `not-allowed` if it is larger than `maxBytes` or has more
 * entries than `maxEntries`, `no-space`; nothing of it is then in `root`
 */
export async function unpack(archive: string | Uint8Array, root: string, options: UnpackOptions): Promise<Unpacked> {
  const fresh = temporaryIn(root)
  const refused: string[] = []
  const refusedPaths: string[] = []
  const refuse = (path: string, reason: string) => {
    if (refused.length >= MAX_REFUSED) return
    refused.push(`${printable(path)}: ${reason}`)
    refusedPaths.push(sealedName(rawOf(path)))
  }
  return onDisk(root, async () => {
    mkdirSync(fresh, { mode: 0o755 })
    let inMemory = false
    try {
      const { at, counted, list, ...extracted } = await extract(archive, fresh, options, refuse)
      inMemory = extracted.inMemory
      if (list != null) options.list?.check(list)
      options.onCounted?.(counted)
      const moved = await moveIn(fresh, root, refuse, { at, sync: options.sync })
      return { ...moved, refused, ...(refused.length > 0 && { refusedPaths }), ...(list && { list }) }
    } finally {
      // of a small archive little is left, mostly nothing: a wait for the thread pool would take longer
      if (inMemory) rmSync(fresh, { recursive: true, force: true, maxRetries: 5 })
      else await rm(fresh, { recursive: true, force: true, maxRetries: 5 })
    }
  })
}

/** @returns whether it was unpacked in memory, and the folder of the archive that `folder` stands for */
async function extract(
  archive: string | Uint8Array,
  folder: string,
  { signal, allow, maxEntries, maxData, maxBytes = Number.POSITIVE_INFINITY, list }: UnpackOptions,
  refuse: Refuse
): Promise<{ inMemory: boolean; at: string; counted: Counted; list?: Uint8Array }> {
  const name = typeof archive === 'string' ? archive : 'the archive'
  try {
    signal?.throwIfAborted()
    const tar = typeof archive === 'string' ? undefined : decompressWhole(archive, MAX_IN_MEMORY_BYTES)
    const maxList = list?.maxBytes
    const extraction = new Extraction({ folder, allow, maxEntries, maxData, maxList, refuse, inMemory: tar != null })
    const content = tar != null ? once(tar) : decompress(signal)(read(archive))
    const at = await pipe(content, bound(name, maxBytes), source => extraction.extract(source))
    if (!extraction.isWhole) throw damaged(name, new Error('its end is missing'))
    return { inMemory: tar != null, at, counted: extraction.counted, list: extraction.list }
  } catch (cause) {
    if (signal?.aborted) throw asBakError(signal.reason)
    const code = String((cause as NodeJS.ErrnoException)?.code ?? '')
    if (/^(ZSTD_|Z_|TAR_)/.test(code)) throw damaged(name, cause)
    throw cause
  }
}

const read = (archive: string | Uint8Array): Bytes =>
  typeof archive === 'string' ? (createReadStream(archive, { highWaterMark: 256 * 1024 }) as Bytes) : once(archive)

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value
}

/** Passes at most `maxBytes`, and no compressed archive within the archive, which tar's parser would decompress itself. */
const bound = (archive: string, maxBytes: number): Stage =>
  async function* (source) {
    let bytes = 0
    for await (const chunk of source) {
      if (bytes === 0 && chunk[0] === 0x1f) throw damaged(archive, new Error('not a tar archive'))
      bytes += chunk.length
      if (bytes > maxBytes) throw new Exceeded('bytes', `${archive} unpacks to more than ${maxBytes} bytes`)
      yield chunk
    }
  }

const damaged = (archive: string, cause: unknown) =>
  new BakError('mismatch', `${archive} is not a whole archive: ${(cause as Error).message}`, { cause })
