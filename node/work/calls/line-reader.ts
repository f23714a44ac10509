/** Cuts bytes into lines of a bounded length. */
import { BakError } from '../../../protocols/errors.ts'

const NEWLINE = 10

export class LineReader {
  readonly #maxLine: number
  #unread: Buffer = Buffer.alloc(0)
  /** The begin of this line was too long, and was refused: it is left out to its end. */
  #isSkipping = false

  constructor(maxLine: number) {
    this.#maxLine = maxLine
  }

  /** Bytes that are in no line that was taken. */
  get waiting(): number {
    return this.#unread.length
  }

  push(data: Buffer): void {
    this.#unread = this.#unread.length === 0 ? data : Buffer.concat([this.#unread, data])
  }

  /**
   * @returns the next line that is not empty, without its end, bytes as a character each; undefined if it is not whole yet
   * @throws {BakError} `usage` once for a line that is too long
   */
  next(): string | undefined {
    for (;;) {
      const end = this.#unread.indexOf(NEWLINE)
      const isTooLong = (end < 0 ? this.#unread.length : end) > this.#maxLine
      if (end < 0 && !isTooLong) return undefined
      const line = isTooLong ? '' : this.#unread.toString('latin1', 0, end).replace(/\r$/, '')
      this.#unread = end < 0 ? Buffer.alloc(0) : this.#unread.subarray(end + 1)
      const wasSkipping = this.#isSkipping
      this.#isSkipping = end < 0
      if (wasSkipping) continue
      if (isTooLong) throw new BakError('usage', `a line has ${this.#maxLine} bytes at most`)
      if (line !== '') return line
    }
  }
}
