/** The log of a program that may repeat itself without end: it never grows far beyond a bound, and its last words stay. */
import { readFile, stat, truncate, writeFile } from 'node:fs/promises'

const MAX_BYTES = 1024 * 1024
const CHECK_MS = 1_000
/** Of a log that was cut. */
const KEPT_BYTES = 64 * 1024

/** @param path of a file that its program appends to */
export class BoundedLog {
  readonly path: string
  readonly #max: number
  readonly #timer: NodeJS.Timeout
  #cut = 0

  constructor(path: string, { max = MAX_BYTES, every = CHECK_MS } = {}) {
    this.path = path
    this.#max = max
    this.#timer = setInterval(() => void this.#check(), every).unref()
  }

  /** Once its program has ended. @returns how many bytes were left out */
  async close(): Promise<number> {
    clearInterval(this.#timer)
    await this.#check()
    if (this.#cut > 0) {
      const rest = await readFile(this.path, 'utf8').catch(() => '')
      await writeFile(this.path, `... ${this.#cut} bytes before this were left out\n${rest}`).catch(() => {})
    }
    return this.#cut
  }

  /** What comes between reading and cutting is lost, as all else that is cut. */
  async #check(): Promise<void> {
    try {
      const { size } = await stat(this.path)
      if (size <= this.#max) return
      const last = (await readFile(this.path)).subarray(-Math.min(KEPT_BYTES, this.#max))
      await truncate(this.path, 0)
      await writeFile(this.path, last, { flag: 'a' })
      this.#cut += size - last.length
    } catch {
      // it is not there yet, or the disk fails, which its program says
    }
  }
}
