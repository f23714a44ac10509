/**
 * `times.txt`, beside the output of a workload: when it had grown, and to how many bytes. A line `ms stdout-bytes stderr-bytes` each
 * time; ms since 1970 on the clock of the run's controller, and no number smaller than in the line before. It puts what several
 * machines wrote into one order.
 */
import { BakError } from './errors.ts'

/** Bytes of the file, whatever is written and however long. */
export const MAX_TIMES_BYTES = 1024 * 1024
/** Three numbers of at most 16 digits, two spaces and the end of the line. */
export const MAX_LINE_BYTES = 51
const LINE = /^(\d{1,16}) (\d{1,16}) (\d{1,16})$/
/** Characters of a wrong line that an error shows. */
const SHOWN = 40

export interface OutputTime {
  /** Ms since 1970, on the controller's clock. */
  at: number
  /** Bytes that had been written by then. */
  stdout: number
  stderr: number
}

export const writeTime = ({ at, stdout, stderr }: OutputTime): string => `${at} ${stdout} ${stderr}\n`

/** Reads the lines in portions of any size, also while more are written: a last line without its end waits for the rest. */
export class TimesReader {
  #rest = ''
  #lines = 0
  #bytes = 0
  #last: OutputTime = { at: 0, stdout: 0, stderr: 0 }

  /** @throws {BakError} `damaged` for what is no such line; nothing that follows can be read then */
  push(portion: Uint8Array): OutputTime[] {
    this.#bytes += portion.length
    if (this.#bytes > MAX_TIMES_BYTES) throw this.#damaged(`more than ${MAX_TIMES_BYTES} bytes`)
    // not as UTF-8: a byte that is no digit stays one character
    const lines = (this.#rest + Buffer.from(portion).toString('latin1')).split('\n')
    this.#rest = lines.pop() as string
    if (this.#rest.length >= MAX_LINE_BYTES) throw this.#damaged(this.#shown(this.#rest))
    return lines.map(line => this.#read(line))
  }

  #read(line: string): OutputTime {
    this.#lines++
    const [, at, stdout, stderr] = (LINE.exec(line) ?? []).map(Number)
    if (at == null || stdout == null || stderr == null) throw this.#damaged(this.#shown(line))
    const time = { at, stdout, stderr }
    if (!Object.values(time).every(Number.isSafeInteger)) throw this.#damaged(`a number is too large: ${line}`)
    const last = this.#last
    if (at < last.at || stdout < last.stdout || stderr < last.stderr)
      throw this.#damaged(`${line} comes after ${writeTime(last).trimEnd()}`)
    this.#last = time
    return time
  }

  readonly #shown = (line: string) => `expected three numbers, found ${JSON.stringify(line.slice(0, SHOWN))}`

  readonly #damaged = (why: string) => new BakError('damaged', `times.txt, line ${Math.max(1, this.#lines)}: ${why}`)
}
