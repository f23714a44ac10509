/** Finds the lines that begin with `#BAK:` in bytes that come in portions, in bounded memory. */

const MARK = Buffer.from('#BAK:')
/** Bytes of such a line that are kept, with the mark; the rest is left out. */
export const MAX_LINE_BYTES = 1024
const NEWLINE = 10

/** A line without its mark. */
export interface MarkedLine {
  text: string
  /** It was longer than a line may be. */
  isCut: boolean
}

/** Looks at whole lines, but for the end of a very long one, which cannot begin with the mark any more. */
export class MarkedLines {
  readonly #onLine: (line: MarkedLine) => void
  #rest: Buffer = Buffer.alloc(0)
  #atLineStart = true

  constructor(onLine: (line: MarkedLine) => void) {
    this.#onLine = onLine
  }

  push(portion: Uint8Array): void {
    const more = Buffer.from(portion.buffer, portion.byteOffset, portion.length)
    const bytes = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more])
    const end = bytes.lastIndexOf(NEWLINE) + 1
    this.#scan(bytes.subarray(0, end))
    this.#atLineStart = end > 0 || this.#atLineStart
    // a copy: the portion is as large as its reader likes
    this.#rest = Buffer.from(bytes.subarray(end))
    if (this.#rest.length <= MAX_LINE_BYTES) return
    this.#scan(this.#rest)
    this.skip()
  }

  /** What comes next does not follow what came last: it is in the middle of a line. */
  skip(): void {
    this.#rest = Buffer.alloc(0)
    this.#atLineStart = false
  }

  /** There is no more: the last line has no end. */
  end(): void {
    this.#scan(this.#rest)
    this.#rest = Buffer.alloc(0)
    this.#atLineStart = true
  }

  #scan(bytes: Buffer): void {
    for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
      const begins = at === 0 ? this.#atLineStart : bytes[at - 1] === NEWLINE
      if (begins) this.#onLine(lineFrom(bytes, at))
    }
  }
}

function lineFrom(bytes: Buffer, at: number): MarkedLine {
  const end = bytes.indexOf(NEWLINE, at)
  const last = end < 0 ? bytes.length : end
  const kept = Math.min(last, at + MAX_LINE_BYTES)
  return { text: bytes.toString('utf8', at + MARK.length, kept), isCut: kept < last }
}
