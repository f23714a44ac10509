/**
 * Takes in an archive that a peer sent. It is unpacked into a fresh folder on the same file system, where nothing can be
 * in the way, and moved from there name by name; nothing that exists is overwritten, and no link is followed. An entry
 * that must not come in is refused by name and does not stop the others. A file that is there already with the same bytes
 * counts as unpacked, so that what a crash interrupted can be done again.
 */
import { createReadStream, mkdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipe } from 'it-pipe'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { temporaryIn } from './atomic.ts'
import { onDisk } from './disk.ts'
import { shown } from './entries.ts'
import { Extraction, type Refuse } from './extraction.ts'
import { moveIn } from './move.ts'
import { type Bytes, decompress, decompressWhole, type Stage } from './zstd.ts'

export interface UnpackOptions {
  /** Files and folders that may come in, relative to the root; `.` for every path. */
  allow: string[]
  signal?: AbortSignal
  /** Largest size unpacked, in bytes. */
  maxBytes?: number
  /** Largest number of entries. */
  maxEntries?: number
  /** Off where who calls makes it durable. */
  sync?: boolean
}

export interface Unpacked {
  files: number
  bytes: number
  /** `path: reason` of what was not let in; the first thousand. */
  refused: string[]
}

const MAX_REFUSED = 1000
/** What unpacks to no more, in bytes, goes through memory, where its archive is there. */
const MAX_HELD = 1024 * 1024

/**
 * @param archive a file; or the bytes of one, for what is small
 * @throws {BakError} `mismatch` if it is not a whole archive, `not-allowed` if it is larger than `maxBytes` or has more
 * entries than `maxEntries`, `no-space`; nothing of it is then in `root`
 */
export async function unpack(archive: string | Uint8Array, root: string, options: UnpackOptions): Promise<Unpacked> {
  const fresh = temporaryIn(root)
  const refused: string[] = []
  const refuse = (path: string, reason: string) => {
    if (refused.length < MAX_REFUSED) refused.push(`${shown(path)}: ${reason}`)
  }
  return onDisk(root, async () => {
    mkdirSync(fresh, { mode: 0o755 })
    let held = false
    try {
      const extracted = await extract(archive, fresh, options, refuse)
      held = extracted.held
      return { ...(await moveIn(fresh, root, refuse, { at: extracted.at, sync: options.sync })), refused }
    } finally {
      // little is left of what went through memory, and mostly nothing
      if (held) rmSync(fresh, { recursive: true, force: true, maxRetries: 5 })
      else await rm(fresh, { recursive: true, force: true, maxRetries: 5 })
    }
  })
}

/** @returns whether it went through memory, and what `folder` stands for */
async function extract(
  archive: string | Uint8Array,
  folder: string,
  { signal, allow, maxEntries, maxBytes = Number.POSITIVE_INFINITY }: UnpackOptions,
  refuse: Refuse
): Promise<{ held: boolean; at: string }> {
  const name = typeof archive === 'string' ? archive : 'the archive'
  try {
    signal?.throwIfAborted()
    const held = typeof archive === 'string' ? undefined : decompressWhole(archive, MAX_HELD)
    const extraction = new Extraction({ folder, allow, maxEntries, refuse, held: held != null })
    const content = held != null ? once(held) : decompress(signal)(read(archive))
    const at = await pipe(content, bound(name, maxBytes), source => extraction.take(source))
    if (!extraction.whole) throw damaged(name, new Error('its end is missing'))
    return { held: held != null, at }
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

/** Lets so many bytes through, and no archive within the archive, which the extractor would open by itself. */
const bound = (archive: string, maxBytes: number): Stage =>
  async function* (source) {
    let bytes = 0
    for await (const chunk of source) {
      if (bytes === 0 && chunk[0] === 0x1f) throw damaged(archive, new Error('not a tar archive'))
      bytes += chunk.length
      if (bytes > maxBytes) throw new BakError('not-allowed', `${archive} unpacks to more than ${maxBytes} bytes`)
      yield chunk
    }
  }

const damaged = (archive: string, cause: unknown) =>
  new BakError('mismatch', `${archive} is not a whole archive: ${(cause as Error).message}`, { cause })
