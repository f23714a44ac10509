/** Reads one file of /proc again and again, and appends what it says to a CSV file. */
import { closeSync, createWriteStream, openSync, readSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Subject } from './proc-subjects.ts'

/** Bytes that may wait for a disk that does not keep up; samples beyond are left out. */
const MAX_WAITING = 8 * 1024 * 1024

let buffer = Buffer.alloc(64 * 1024)

export class Recorder {
  readonly #subject: Subject
  readonly #source: number
  readonly #file: WriteStream
  #error: Error | undefined
  #skipped = 0
  #begun = false

  /** @throws what the file system throws if the source cannot be read */
  constructor(subject: Subject, folder: string) {
    this.#subject = subject
    this.#source = openSync(subject.source, 'r')
    this.#file = createWriteStream(join(folder, `${subject.name}.csv`), { flags: 'a' })
    this.#file.on('error', error => {
      this.#error ??= error
    })
  }

  /** Appends the rows of now. @param time ms since 1970 */
  sample(time: string): void {
    if (this.#file.writableLength > MAX_WAITING) {
      this.#skipped++
      return
    }
    try {
      const text = readAgain(this.#source)
      const rows = this.#subject.rows(text).map(row => `${time},${row}\n`)
      if (!this.#begun) rows.unshift(`time,${this.#subject.columns(text).join(',')}\n`)
      this.#begun = true
      this.#file.write(rows.join(''))
    } catch (error) {
      this.#error ??= error as Error
    }
  }

  /** Resolves when what was sampled so far has been handed to the file system; rejects if it could not be. */
  async written(): Promise<void> {
    await new Promise<void>(resolve => this.#file.write('', () => resolve()))
    if (this.#error != null) throw this.#error
  }

  /** Ends the file. @returns warnings */
  async close(): Promise<string[]> {
    if (!this.#file.closed) await new Promise<void>(resolve => this.#file.once('close', resolve).end())
    closeSync(this.#source)
    return [
      this.#error != null && `${this.#subject.name}.csv: ${this.#error.message}`,
      this.#skipped > 0 && `${this.#subject.name}.csv: ${this.#skipped} samples left out, the disk did not keep up`
    ].filter(warning => warning !== false)
  }
}

/** The kernel writes such a file anew whenever it is read from its beginning. */
function readAgain(source: number): string {
  let length = 0
  for (;;) {
    const read = readSync(source, buffer, length, buffer.length - length, length)
    if (read === 0) return buffer.toString('utf8', 0, length)
    length += read
    if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
  }
}
