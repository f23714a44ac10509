/**
 * An append-only list of JSON values, one per line. A line is valid once its newline is written: an incomplete last line is
 * ignored and reported by the reader, and cut off by the next writer.
 */
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { check, type Schema } from '../../protocols/codec.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { isCode, onDisk } from './disk.ts'

const NEWLINE = 0x0a
const MAX_LINE_BYTES = 16 * 1024 * 1024
/** Lines in memory that wait for a slow disk. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024

export interface Journal {
  path: string
  /**
   * Resolves when the line is written, with `sync` when it is durable. Lines are in the order of the calls.
   * @throws {BakError} `busy` if too much is queued, `bad-message` for too long a line, `no-space`, `io`
   */
  append(value: unknown, options?: { sync?: boolean }): Promise<void>
  /** Waits for all lines to be written. */
  close(): Promise<void>
}

interface JournalEnd {
  lines: number
  /** Bytes of an incomplete last line; 0 in a whole journal. */
  torn: number
}

interface QueuedLine {
  line: Buffer
  sync: boolean
  settle: PromiseWithResolvers<void>
}

/** Opens or creates a journal for appending, and cuts off an incomplete last line. */
export function openJournal(path: string): Promise<Journal> {
  return onDisk(path, async () => {
    const handle = await open(path, 'a+', 0o644)
    try {
      const size = await endOfLines(handle)
      await handle.truncate(size)
      return new Appender(path, handle, size)
    } catch (error) {
      await handle.close()
      throw error
    }
  })
}

/**
 * Reads the values; a missing file has none. @returns how the journal ends
 * @throws {BakError} `damaged` with file and line number if a line before the last is not a value of the schema
 */
export async function* readJournal<T = unknown>(path: string, schema?: Schema<T>): AsyncGenerator<T, JournalEnd> {
  let lines = 0
  let rest: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let from = 0
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, from)) {
        yield parseLine(path, ++lines, rest.subarray(from, end), schema)
        from = end + 1
      }
      rest = rest.subarray(from)
      if (rest.length > MAX_LINE_BYTES) throw new BakError('damaged', `${path}:${lines + 1}: the line is too long`)
    }
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw asBakError(error)
  }
  return { lines, torn: rest.length }
}

/** @returns all values, and how the journal ends; @throws as `readJournal` does */
export async function loadJournal<T = unknown>(
  path: string,
  schema?: Schema<T>
): Promise<JournalEnd & { values: T[] }> {
  const values: T[] = []
  const reading = readJournal(path, schema)
  for (;;) {
    const next = await reading.next()
    if (next.done) return { ...next.value, values }
    values.push(next.value)
  }
}

class Appender implements Journal {
  readonly path: string
  readonly #handle: FileHandle
  #size: number
  #queue: QueuedLine[] = []
  #queuedBytes = 0
  #writing: Promise<void> | undefined
  #closed = false

  constructor(path: string, handle: FileHandle, size: number) {
    this.path = path
    this.#handle = handle
    this.#size = size
  }

  async append(value: unknown, { sync = false }: { sync?: boolean } = {}): Promise<void> {
    if (this.#closed) throw new BakError('bug', `${this.path} is closed`)
    const line = Buffer.from(`${JSON.stringify(value)}\n`)
    if (line.length > MAX_LINE_BYTES) throw new BakError('bad-message', `${this.path}: a line of ${line.length} bytes`)
    if (this.#queuedBytes + line.length > MAX_QUEUED_BYTES)
      throw new BakError('busy', `${this.path}: the disk is too slow`)
    const settle = Promise.withResolvers<void>()
    this.#queue.push({ line, sync, settle })
    this.#queuedBytes += line.length
    this.#writing ??= this.#drain()
    await settle.promise
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#writing
    await this.#handle.close()
  }

  /** Writes all queued lines at once, so that many callers share one fsync. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      this.#queuedBytes = 0
      try {
        await onDisk(this.path, () => this.#write(batch))
        for (const each of batch) each.settle.resolve()
      } catch (error) {
        for (const each of batch) each.settle.reject(error)
      }
    }
    this.#writing = undefined
  }

  async #write(batch: QueuedLine[]): Promise<void> {
    const bytes = Buffer.concat(batch.map(each => each.line))
    try {
      await this.#handle.appendFile(bytes)
      if (batch.some(each => each.sync)) await this.#handle.datasync()
      this.#size += bytes.length
    } catch (error) {
      // an incomplete line must not stay before the next one
      await this.#handle.truncate(this.#size).catch(() => {})
      throw error
    }
  }
}

function parseLine<T>(path: string, number: number, line: Buffer, schema?: Schema<T>): T {
  try {
    const value = JSON.parse(line.toString('utf8'))
    return schema == null ? value : check(schema, value)
  } catch (cause) {
    throw new BakError('damaged', `${path}:${number}: ${(cause as Error).message}`, { cause })
  }
}

/** @returns the offset after the last newline */
async function endOfLines(handle: FileHandle): Promise<number> {
  const buffer = Buffer.alloc(64 * 1024)
  let end = (await handle.stat()).size
  while (end > 0) {
    const start = Math.max(0, end - buffer.length)
    const { bytesRead } = await handle.read(buffer, 0, end - start, start)
    const at = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}
