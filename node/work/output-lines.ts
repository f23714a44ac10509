/** The lines that a program has written to a file since the last call. */
import { StringDecoder } from 'node:string_decoder'
import { GrowingFile } from '../store/growing-file.ts'
import { MAX_LINE } from './line-patterns.ts'

/** Bytes that are read at once; the lines of a program that writes faster are seen later. */
const PORTION_BYTES = 256 * 1024

export class OutputLines {
  readonly #file: GrowingFile
  readonly #decoder = new StringDecoder('utf8')
  #offset = 0
  /** The begin of a line whose end is not there yet, cut where it is very long. */
  #rest = ''

  /** @param path of a file that grows, and need not be there yet */
  constructor(path: string) {
    this.#file = new GrowingFile(path)
  }

  /** Whether there is more than was read. */
  get isBehind(): boolean {
    return this.#file.size() > this.#offset
  }

  /** The begin of the line that was read last, if that has no end yet. */
  get rest(): string {
    return this.#rest
  }

  /** @returns the whole lines of the next portion; none where nothing was written */
  async read(): Promise<string[]> {
    if (!this.isBehind) return []
    const bytes = await this.#file.read(this.#offset, PORTION_BYTES)
    this.#offset += bytes.length
    const lines = (this.#rest + this.#decoder.write(Buffer.from(bytes))).split('\n')
    this.#rest = (lines.pop() as string).slice(0, MAX_LINE)
    return lines
  }

  /** @returns the last line of a program that has ended, if that has no end of its own */
  end(): string[] {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    return rest === '' ? [] : [rest]
  }
}
