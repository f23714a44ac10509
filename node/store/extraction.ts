/** One archive's way through tar's parser, which asks for each entry whether it may come in. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Parser, type ReadEntry, Unpack } from 'tar'
import { BakError } from '../../protocols/errors.ts'
import { isCode } from './disk.ts'
import { Judge } from './entries.ts'
import { commonFolder, type InMemoryEntry, writeInMemoryEntries } from './in-memory-entries.ts'
import type { Bytes } from './zstd.ts'

export type Refuse = (path: string, reason: string) => void

export interface ExtractionInit {
  /** A fresh one. */
  folder: string
  /** As of `UnpackOptions`. */
  allow: string[]
  maxEntries?: number
  /** Of what does not come in. */
  refuse: Refuse
  /** Whether what is in it is so little that it is held until all of it was parsed, and then written in one go. */
  held: boolean
}

/** Ms that the extractor may take to write what it holds. */
const LONGEST_END = 60_000

interface WarnedData {
  code?: string
  entry?: ReadEntry
}

export class Extraction {
  /** Whether the mark of the end was seen. */
  whole = false
  readonly #parser: Parser
  readonly #folder: string
  readonly #held: InMemoryEntry[] = []
  readonly #judge: Judge
  readonly #refuse: Refuse
  readonly #maxEntries: number
  readonly #asked = new WeakSet<ReadEntry>()
  #entries = 0
  #failure: Error | undefined

  constructor({ folder, allow, maxEntries = 1_000_000, refuse, held }: ExtractionInit) {
    this.#folder = folder
    this.#judge = new Judge(allow)
    this.#refuse = refuse
    this.#maxEntries = maxEntries
    const options = {
      zstd: false,
      brotli: false,
      filter: (path: string, entry: unknown) => this.#admit(path, entry as ReadEntry),
      onwarn: (code: string, message: unknown, data: unknown) => this.#warned(code, String(message), data as WarnedData)
    }
    this.#parser = held
      ? new Parser({ ...options, onReadEntry: entry => this.#hold(entry) })
      : new Unpack({ ...options, cwd: folder, preserveOwner: false, dmode: 0o755 })
    this.#parser.on('eof', () => {
      this.whole = true
    })
    this.#parser.on('ignoredEntry', (entry: ReadEntry) => {
      // the extractor drops types that it does not know without asking the filter
      if (!this.#asked.has(entry) && !entry.meta) refuse(entry.path, `not a file or folder but ${entry.type}`)
    })
    this.#parser.on('error', error => this.#fail(Object.assign(error as Error, { code: 'TAR_BAD_ARCHIVE' })))
  }

  /**
   * @returns what the folder stands for: all that was let in is in it, without the folders on the way to it
   * @throws what is wrong with the archive or the disk
   */
  async take(source: Bytes): Promise<string> {
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
    // whatever happened, nothing may write into the folder any more when it is deleted
    await Promise.race([ended, sleep(LONGEST_END, undefined, { ref: false })])
    if (this.#failure != null) throw this.#failure
    if (!this.whole) return ''
    const at = commonFolder(this.#held)
    await writeInMemoryEntries(this.#folder, this.#held, at, this.#refuse)
    return at
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

  #hold(entry: ReadEntry): void {
    const { path, type, mode = 0o644, mtime } = entry
    const body: Buffer[] = []
    this.#held.push({ path, folder: type === 'Directory', mode, mtime, body })
    entry.on('data', chunk => body.push(chunk))
  }

  #warned(code: string, message: string, data: WarnedData): void {
    if (/^TAR_(ENTRY_INVALID|BAD_ARCHIVE|ABORT)$/.test(code)) {
      return this.#fail(Object.assign(new Error(message), { code }))
    }
    if (code === 'TAR_ENTRY_INFO') return
    if (isCode(data, 'ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE')) return this.#fail(data as unknown as Error)
    this.#refuse(data.entry?.path ?? '', message)
  }

  #fail(error: Error): void {
    this.#failure ??= error
  }
}
