/** A file to which samples are appended: CSV with one header, or the text of a source behind a line with its time. */
import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'

/** Queue for a slow disk; further samples are dropped. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024

/** Bytes that may still be written. */
export interface Budget {
  left: number
}

export class SampleFile {
  readonly #name: string
  readonly #file: WriteStream
  readonly #budget: Budget
  #isBegun = false
  #error: Error | undefined
  #dropped = 0

  /** @param name of the file in the folder @param budget that it shares with others: samples beyond it are left out */
  constructor(folder: string, name: string, budget: Budget = { left: Infinity }) {
    this.#name = name
    this.#budget = budget
    this.#file = createWriteStream(join(folder, name), { flags: 'a' })
    this.#file.on('error', error => {
      this.#error ??= error
    })
  }

  /** @param header written before the first row */
  add(text: string, header = ''): void {
    const whole = this.#isBegun ? text : header + text
    if (whole.length > this.#budget.left) this.#budget.left = 0
    if (this.#budget.left === 0 || this.#file.writableEnded) return
    if (this.#file.writableLength > MAX_QUEUED_BYTES) {
      this.#dropped++
      return
    }
    this.#isBegun = true
    this.#budget.left -= whole.length
    this.#file.write(whole)
  }

  /** A source that cannot be read any more, by its first error. */
  fail(error: Error): void {
    this.#error ??= error
  }

  /** Resolves when the samples so far are written. @throws the first error of the file system */
  async written(): Promise<void> {
    await new Promise<void>(resolve => this.#file.write('', () => resolve()))
    if (this.#error != null) throw this.#error
  }

  /** @returns what is absent, in words */
  async close(): Promise<string[]> {
    if (!this.#file.closed) await new Promise<void>(resolve => this.#file.once('close', resolve).end())
    return [
      this.#error != null && `${this.#name}: ${this.#error.message}`,
      this.#dropped > 0 && `${this.#name}: ${this.#dropped} samples dropped, the disk was too slow`
    ].filter(warning => warning !== false)
  }
}
