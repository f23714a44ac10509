/** Reads what one instance wrote, in the order of its `times.txt`. */

import { OUTPUT_FILES, TIMES_FILE } from '../../protocols/layout.ts'
import {
  type OutputPortion,
  type OutputStream,
  PORTION_OF_OUTPUT_BYTES,
  wholeCharacters,
  wrapOutput
} from '../../protocols/output.ts'
import { type OutputTime, TimesReader } from '../../protocols/output-times.ts'
import type { OutputInstance, RunOutput } from '../store/run-output.ts'

const STREAMS = ['stdout', 'stderr'] as const
/** Of `times.txt`, read at once: about a hundred lines. There may be thousands of instances. */
const PORTION_OF_TIMES_BYTES = 4 * 1024

type Sizes = Record<OutputStream, number>

export class InstanceOutput {
  readonly instance: OutputInstance
  readonly #output: Pick<RunOutput, 'read' | 'look'>
  /** Bytes that were given out, or that the caller has. */
  readonly #given: Sizes
  /** Undefined where the file is none that this program wrote. */
  #times: TimesReader | undefined = new TimesReader()
  #timesRead = 0
  /** Lines that were read and reach beyond what was given out. */
  #lines: OutputTime[] = []
  #lastAt: number | undefined
  // of one look
  #sizes: Sizes = { stdout: 0, stderr: 0 }
  #asked: Sizes = { stdout: 0, stderr: 0 }
  #next: { at?: number } & Sizes = { stdout: 0, stderr: 0 }
  #isLast = false
  /** When the last of it was written, on the controller's clock. */
  #written: number | undefined

  /** @param skip bytes of a file that are not given out */
  constructor(output: Pick<RunOutput, 'read' | 'look'>, instance: OutputInstance, skip: (path: string) => number) {
    this.#output = output
    this.instance = instance
    this.#given = { stdout: skip(this.#pathOf('stdout')), stderr: skip(this.#pathOf('stderr')) }
  }

  /**
   * Begins a look: what is written after it waits for the next one, so that an instance that never pauses does not keep others waiting.
   * @param isLast whether nothing more will be written @param now on the controller's clock, where output is still written
   */
  look(isLast: boolean, now?: number): void {
    this.#isLast = isLast
    this.#asked = { ...this.#given }
    let mtime = 0
    for (const stream of STREAMS) {
      const { size, mtimeMs } = this.#output.look(this.#pathOf(stream))
      this.#sizes[stream] = size
      if (size > this.#given[stream]) mtime = Math.max(mtime, mtimeMs)
    }
    this.#written = now == null ? undefined : now - Math.max(0, Date.now() - mtime)
  }

  /** @returns by when the next bytes had been written, 0 where that is not known; undefined if there are no more in this look */
  async next(): Promise<number | undefined> {
    for (let line = await this.#line(); line != null; line = await this.#line()) {
      if (STREAMS.some(stream => line[stream] > this.#sizes[stream])) break
      this.#lastAt = line.at
      if (this.#isNews(line)) return this.#will(line)
      this.#lines.shift()
    }
    if (!this.#isNews(this.#sizes)) return undefined
    // what was written since the last line
    const at = this.#written == null ? this.#lastAt : Math.max(this.#lastAt ?? 0, this.#written)
    return this.#will({ at, ...this.#sizes })
  }

  /** Gives out the bytes that `next` told of. */
  async *take(): AsyncGenerator<OutputPortion> {
    const { at, ...upTo } = this.#next
    this.#asked = upTo
    for (const stream of STREAMS) {
      const path = this.#pathOf(stream)
      while (this.#given[stream] < upTo[stream]) {
        const offset = this.#given[stream]
        const bytes = await this.#output.read(path, offset, Math.min(PORTION_OF_OUTPUT_BYTES, upTo[stream] - offset))
        // a character may be cut by the portion, or by the end of what is written so far
        const isEnd = this.#isLast && offset + bytes.length >= this.#sizes[stream]
        const length = isEnd ? bytes.length : wholeCharacters(bytes)
        if (length === 0) break
        const { folder: _, ...name } = this.instance
        yield { path, ...name, stream, offset, at, ...wrapOutput(bytes.subarray(0, length)) }
        this.#given[stream] += length
      }
    }
  }

  /** The first line that was read and not given out. */
  async #line(): Promise<OutputTime | undefined> {
    while (this.#lines.length === 0 && this.#times != null) {
      const path = `${this.instance.folder}/${TIMES_FILE}`
      if (this.#output.look(path).size <= this.#timesRead) return undefined
      const bytes = await this.#output.read(path, this.#timesRead, PORTION_OF_TIMES_BYTES)
      if (bytes.length === 0) return undefined
      this.#timesRead += bytes.length
      try {
        this.#lines = this.#times.push(bytes)
      } catch {
        // a workload may have written a file of this name: its output is given out all the same
        this.#times = undefined
      }
    }
    return this.#lines[0]
  }

  readonly #isNews = (sizes: Sizes) => STREAMS.some(stream => sizes[stream] > this.#asked[stream])

  #will(next: { at?: number } & Sizes): number {
    const { at, stdout, stderr } = next
    this.#next = { at, stdout: Math.max(stdout, this.#asked.stdout), stderr: Math.max(stderr, this.#asked.stderr) }
    return at ?? 0
  }

  readonly #pathOf = (stream: OutputStream) => `${this.instance.folder}/${OUTPUT_FILES[stream]}`
}
