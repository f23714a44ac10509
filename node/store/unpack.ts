/**
 * Takes in an archive that a peer sent. It is unpacked into a fresh folder on the same file system, where nothing can be
 * in the way, and moved from there name by name; nothing that exists is overwritten, and no link is followed. An entry
 * that must not come in is refused by name and does not stop the others. A file that is there already with the same bytes
 * counts as unpacked, so that what a crash interrupted can be done again.
 */
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { pipe } from 'it-pipe'
import { type ReadEntry, Unpack } from 'tar'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { temporaryIn } from './atomic.ts'
import { isCode, onDisk } from './disk.ts'
import { Judge, shown } from './entries.ts'
import { moveIn } from './move.ts'
import { type Bytes, decompress, type Stage } from './zstd.ts'

export interface UnpackOptions {
  /** Files and folders that may come in, relative to the root; `.` for every path. */
  allow: string[]
  signal?: AbortSignal
  /** Largest size unpacked, in bytes. */
  maxBytes?: number
  /** Largest number of entries. */
  maxEntries?: number
}

export interface Unpacked {
  files: number
  bytes: number
  /** `path: reason` of what was not let in; the first thousand. */
  refused: string[]
}

const MAX_REFUSED = 1000
/** Ms that the extractor may take to write what it holds. */
const LONGEST_END = 60_000

/**
 * @throws {BakError} `mismatch` if it is not a whole archive, `not-allowed` if it is larger than `maxBytes` or has more
 * entries than `maxEntries`, `no-space`; nothing of it is then in `root`
 */
export async function unpack(archive: string, root: string, options: UnpackOptions): Promise<Unpacked> {
  const fresh = temporaryIn(root)
  const refused: string[] = []
  const refuse = (path: string, reason: string) => {
    if (refused.length < MAX_REFUSED) refused.push(`${shown(path)}: ${reason}`)
  }
  return onDisk(root, async () => {
    await mkdir(fresh, { mode: 0o700 })
    try {
      await extract(archive, fresh, options, refuse)
      return { ...(await moveIn(fresh, root, refuse)), refused }
    } finally {
      await rm(fresh, { recursive: true, force: true, maxRetries: 5 })
    }
  })
}

type Refuse = (path: string, reason: string) => void

async function extract(archive: string, fresh: string, options: UnpackOptions, refuse: Refuse): Promise<void> {
  const { signal, maxBytes = Number.POSITIVE_INFINITY } = options
  const extraction = new Extraction(fresh, options, refuse)
  try {
    await pipe(
      createReadStream(archive, { highWaterMark: 256 * 1024 }) as Bytes,
      decompress(signal),
      bound(archive, maxBytes),
      source => extraction.take(source)
    )
  } catch (cause) {
    if (signal?.aborted) throw asBakError(signal.reason)
    const code = String((cause as NodeJS.ErrnoException)?.code ?? '')
    if (/^(ZSTD_|Z_|TAR_)/.test(code)) throw damaged(archive, cause)
    throw cause
  }
  if (!extraction.whole) throw damaged(archive, new Error('its end is missing'))
}

/** One archive's way through tar's extractor. */
class Extraction {
  /** Whether the mark of the end was seen. */
  whole = false
  readonly #unpack: Unpack
  readonly #judge: Judge
  readonly #refuse: Refuse
  readonly #maxEntries: number
  readonly #asked = new WeakSet<ReadEntry>()
  #entries = 0
  #failure: Error | undefined

  constructor(folder: string, { allow, maxEntries = 1_000_000 }: UnpackOptions, refuse: Refuse) {
    this.#judge = new Judge(allow)
    this.#refuse = refuse
    this.#maxEntries = maxEntries
    this.#unpack = new Unpack({
      cwd: folder,
      preserveOwner: false,
      zstd: false,
      brotli: false,
      filter: (path, entry) => this.#admit(path, entry as ReadEntry),
      onwarn: (code, message, data) => this.#warned(code, String(message), data as WarnedData)
    })
    this.#unpack.on('eof', () => {
      this.whole = true
    })
    this.#unpack.on('ignoredEntry', (entry: ReadEntry) => {
      // the extractor drops types that it does not know without asking the filter
      if (!this.#asked.has(entry) && !entry.meta) refuse(entry.path, `not a file or folder but ${entry.type}`)
    })
    this.#unpack.on('error', error => this.#fail(Object.assign(error as Error, { code: 'TAR_BAD_ARCHIVE' })))
  }

  async take(source: Bytes): Promise<void> {
    const ended = new Promise(resolve => this.#unpack.once('end', resolve))
    try {
      for await (const chunk of source) {
        const more = this.#unpack.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
        if (this.#failure != null) break
        if (!more) await once(this.#unpack, 'drain')
      }
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#unpack.end()
    // whatever happened, nothing may write into the folder any more when it is deleted
    await Promise.race([ended, sleep(LONGEST_END, undefined, { ref: false })])
    if (this.#failure != null) throw this.#failure
  }

  #admit(path: string, entry: ReadEntry): boolean {
    this.#asked.add(entry)
    this.#entries++
    if (this.#entries > this.#maxEntries) {
      this.#fail(new BakError('not-allowed', `the archive has more than ${this.#maxEntries} entries`))
      return false
    }
    const reason = this.#judge.refuse({ path, type: entry.type })
    if (reason !== undefined) this.#refuse(path, reason)
    entry.mode = entry.type === 'Directory' || (entry.mode ?? 0) & 0o111 ? 0o755 : 0o644
    return reason === undefined && this.#failure == null
  }

  #warned(code: string, message: string, data: WarnedData): void {
    if (code === 'TAR_ENTRY_INVALID') return this.#fail(Object.assign(new Error(message), { code }))
    if (code === 'TAR_ENTRY_INFO') return
    if (isCode(data, 'ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE')) return this.#fail(data as unknown as Error)
    this.#refuse(data.entry?.path ?? '', message)
  }

  #fail(error: Error): void {
    this.#failure ??= error
  }
}

interface WarnedData {
  code?: string
  entry?: ReadEntry
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
