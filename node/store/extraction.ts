/** Runs one archive through tar's parser, which asks for each entry whether it may be unpacked. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Parser, type ReadEntry } from 'tar'
import { BakError } from '../../protocols/errors.ts'
import { FILE_LISTS_FILE } from '../../protocols/layout.ts'
import { bytesIn, dataOf } from '../holes.ts'
import { isCode } from './disk.ts'
import { EntryCheck } from './entries.ts'
import { EntryWriter } from './entry-writer.ts'
import { commonFolder, type InMemoryEntry, writeInMemoryEntries } from './in-memory-entries.ts'
import type { Bytes } from './zstd.ts'

/** What is in an archive. */
export interface Counted {
  /** Files and folders, refused ones included. */
  entries: number
  /** Bytes without holes. */
  data: number
}

export type Refuse = (path: string, reason: string) => void

interface ExtractionInit {
  /** Empty, and without other writers. */
  folder: string
  /** As in `UnpackOptions`. */
  allow: string[]
  maxEntries?: number
  /** Largest number of bytes written; holes of sparse files are not. */
  maxData?: number
  /** Called for each entry that is not unpacked. */
  refuse: Refuse
  /** The entry of the list of files is kept in memory instead, up to so many bytes. */
  maxList?: number
  /** Keeps all entries in memory until the archive has been parsed, then writes them at once. For small archives. */
  inMemory: boolean
}

/** An archive has more than it may. */
export class Exceeded extends BakError {
  /** Files and folders, bytes without holes, or all bytes. */
  readonly bound: 'entries' | 'data' | 'bytes'

  constructor(bound: Exceeded['bound'], message: string) {
    super('not-allowed', message)
    this.bound = bound
  }
}

/** The parser may have to write what it has buffered to a slow disk. */
const END_TIMEOUT_MS = 60_000

/** Errors of the disk that are not about one entry. */
const DISK_ERRORS = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE']

interface WarnedData {
  code?: string
  entry?: ReadEntry
}

export class Extraction {
  /** Whether the end-of-archive mark was seen. */
  isWhole = false
  /** The list of files, as it came. */
  list: Buffer | undefined
  readonly #parser: Parser
  readonly #folder: string
  readonly #inMemory: InMemoryEntry[] = []
  readonly #writer: EntryWriter
  /** Entries are written one after the other. */
  #writing: Promise<void> = Promise.resolve()
  #data = 0
  readonly #check: EntryCheck
  readonly #refuse: Refuse
  readonly #maxEntries: number
  readonly #maxList: number | undefined
  readonly #maxData: number
  readonly #checked = new WeakSet<ReadEntry>()
  #entries = 0
  #failure: Error | undefined

  constructor(init: ExtractionInit) {
    const { folder, allow, maxEntries = 1_000_000, maxData = Number.POSITIVE_INFINITY, refuse, inMemory } = init
    this.#folder = folder
    this.#check = new EntryCheck(allow)
    this.#refuse = refuse
    this.#maxEntries = maxEntries
    this.#maxList = init.maxList
    this.#maxData = maxData
    this.#writer = new EntryWriter({ folder, onData: bytes => this.#count(bytes) })
    this.#parser = new Parser({
      zstd: false,
      brotli: false,
      filter: (path: string, entry: unknown) => this.#admit(path, entry as ReadEntry),
      onwarn: (code: string, message: unknown, data: unknown) =>
        this.#onWarn(code, String(message), data as WarnedData),
      onReadEntry: (entry: ReadEntry) => {
        if (this.#isList(entry)) this.#takeList(entry)
        else if (inMemory) this.#collect(entry)
        else this.#write(entry)
      }
    })
    this.#parser.on('eof', () => {
      this.isWhole = true
    })
    this.#parser.on('ignoredEntry', (entry: ReadEntry) => {
      // the parser drops unknown types without asking the filter
      if (!this.#checked.has(entry) && !entry.meta) refuse(entry.path, `not a file or folder but ${entry.type}`)
    })
    this.#parser.on('error', error => this.#fail(Object.assign(error as Error, { code: 'TAR_BAD_ARCHIVE' })))
  }

  get counted(): Counted {
    return { entries: this.#entries, data: this.#data }
  }

  /**
   * @returns the folder of the archive that `folder` stands for: all unpacked entries are in it, without its ancestors
   * @throws the first error of the archive or the disk
   */
  async extract(source: Bytes): Promise<string> {
    const ended = new Promise(resolve => this.#parser.once('end', resolve))
    try {
      for await (const chunk of source) {
        const more = this.#parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
        if (this.#failure != null) break
        if (!more) await once(this.#parser, 'drain')
      }
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#parser.end()
    // the caller deletes the folder: nothing may write into it any more, in any case
    await Promise.race([ended, sleep(END_TIMEOUT_MS, undefined, { ref: false })])
    await this.#writing
    if (this.#failure != null) throw this.#failure
    if (!this.isWhole) return ''
    const at = commonFolder(this.#inMemory)
    await writeInMemoryEntries(this.#folder, this.#inMemory, at, this.#refuse)
    return at
  }

  #admit(path: string, entry: ReadEntry): boolean {
    this.#checked.add(entry)
    this.#entries++
    if (this.#entries > this.#maxEntries) {
      this.#fail(new Exceeded('entries', `the archive has more than ${this.#maxEntries} entries`))
      return false
    }
    if (this.#isList(entry)) return this.#failure == null
    const reason = this.#check.refusalOf({ path, type: entry.type })
    if (reason !== undefined) this.#refuse(path, reason)
    entry.mode = entry.type === 'Directory' || (entry.mode ?? 0) & 0o111 ? 0o755 : 0o644
    return reason === undefined && this.#failure == null
  }

  #isList({ path, type }: ReadEntry): boolean {
    return this.#maxList != null && path === FILE_LISTS_FILE && type === 'File'
  }

  #takeList(entry: ReadEntry): void {
    const chunks: Buffer[] = []
    if (this.list != null || entry.size > (this.#maxList as number))
      this.#fail(new BakError('not-allowed', 'the archive has a second list of files, or one that is too long'))
    else entry.on('data', chunk => chunks.push(chunk))
    entry.on('end', () => {
      this.list = Buffer.concat(chunks)
    })
    entry.resume()
  }

  #collect(entry: ReadEntry): void {
    const { path, type, mode = 0o644, mtime } = entry
    const body: Buffer[] = []
    this.#inMemory.push({ path, isFolder: type === 'Directory', mode, mtime, body })
    let offset = 0
    entry.on('data', chunk => {
      body.push(chunk)
      try {
        this.#count(bytesIn(dataOf(chunk, offset)))
      } catch (cause) {
        this.#fail(cause as Error)
      }
      offset += chunk.length
    })
  }

  #write(entry: ReadEntry): void {
    this.#writing = this.#writing.then(async () => {
      try {
        if (!(await this.#writer.write(entry))) this.#refuse(entry.path, 'there twice')
      } catch (cause) {
        if (cause instanceof BakError || isCode(cause, ...DISK_ERRORS)) this.#fail(cause as Error)
        else this.#refuse(entry.path, (cause as Error).message)
      } finally {
        // the parser goes on once the entry has been read to its end
        entry.resume()
      }
    })
  }

  /** @throws {Exceeded} */
  #count(bytes: number): void {
    this.#data += bytes
    if (this.#data > this.#maxData)
      throw new Exceeded('data', `the archive unpacks to more than ${this.#maxData} bytes`)
  }

  #onWarn(code: string, message: string, data: WarnedData): void {
    if (/^TAR_(ENTRY_INVALID|BAD_ARCHIVE|ABORT)$/.test(code)) {
      return this.#fail(Object.assign(new Error(message), { code }))
    }
    if (code === 'TAR_ENTRY_INFO') return
    this.#refuse(data.entry?.path ?? '', message)
  }

  #fail(error: Error): void {
    this.#failure ??= error
  }
}
