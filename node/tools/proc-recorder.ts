/** Samples one file of /proc and appends the rows to a CSV file. */
import { closeSync, createWriteStream, openSync, readSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Subject } from './proc-subjects.ts'

/** Queue for a slow disk; further samples are dropped. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024

let buffer = Buffer.alloc(64 * 1024)

export class Recorder {
  readonly #subject: Subject
  readonly #source: number
  readonly #file: WriteStream
  #error: Error | undefined
  #dropped = 0
  #hasHeader = false

  /** @throws the error of the file system if the source cannot be opened */
  constructor(subject: Subject, folder: string) {
    this.#subject = subject
    this.#source = openSync(subject.source, 'r')
    this.#file = createWriteStream(join(folder, `${subject.name}.csv`), { flags: 'a' })
    this.#file.on('error', error => {
      this.#error ??= error
    })
  }

  /** Appends the present rows. @param time ms since 1970 */
  sample(time: string): void {
    if (this.#file.writableLength > MAX_QUEUED_BYTES) {
      this.#dropped++
      return
    }
    try {
      const text = readFromStart(this.#source)
      const rows = this.#subject.rows(text).map(row => `${time},${row}\n`)
      if (!this.#hasHeader) rows.unshift(`time,${this.#subject.columns(text).join(',')}\n`)
      this.#hasHeader = true
      this.#file.write(rows.join(''))
    } catch (error) {
      this.#error ??= error as Error
    }
  }

  /** Resolves when the samples so far are written. @throws the first error of the file system */
  async written(): Promise<void> {
    await new Promise<void>(resolve => this.#file.write('', () => resolve()))
    if (this.#error != null) throw this.#error
  }

  /** Closes both files. @returns warnings */
  async close(): Promise<string[]> {
    if (!this.#file.closed) await new Promise<void>(resolve => this.#file.once('close', resolve).end())
    closeSync(this.#source)
    return [
      this.#error != null && `${this.#subject.name}.csv: ${this.#error.message}`,
      this.#dropped > 0 && `${this.#subject.name}.csv: ${this.#dropped} samples dropped, the disk was too slow`
    ].filter(warning => warning !== false)
  }
}

/** Reads from the beginning, for which the kernel generates the file anew. */
function readFromStart(source: number): string {
  let length = 0
  for (;;) {
    const read = readSync(source, buffer, length, buffer.length - length, length)
    if (read === 0) return buffer.toString('utf8', 0, length)
    length += read
    if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
  }
}
