/** Waits for a line in what a program writes. */
import { GrowingFile } from '../../store/growing-file.ts'
import { fittingLines, MAX_LINE } from '../line-patterns.ts'

/** Bytes that are read at once; the lines of a program that writes faster are seen later. */
const PORTION_BYTES = 256 * 1024

export class LineWatch {
  readonly #pattern: string
  readonly #files: Array<{ file: GrowingFile; offset: number; rest: string }>

  /** @param paths files that grow, and need not be there yet */
  constructor(pattern: string, paths: string[]) {
    this.#pattern = pattern
    this.#files = paths.map(path => ({ file: new GrowingFile(path), offset: 0, rest: '' }))
  }

  /** @returns whether a line that was written since the last call fits; the last one need not have its end @throws {BakError} `timeout` */
  async look(): Promise<boolean> {
    for (const each of this.#files) {
      if (each.file.size() <= each.offset) continue
      const bytes = await each.file.read(each.offset, PORTION_BYTES)
      each.offset += bytes.length
      const lines = (each.rest + Buffer.from(bytes).toString('utf8')).split('\n')
      each.rest = (lines.at(-1) as string).slice(0, MAX_LINE)
      if (fits(this.#pattern, lines)) return true
    }
    return false
  }
}

/** @throws {BakError} `timeout` if the expression takes too long */
export const fits = (pattern: string, lines: string[]): boolean => fittingLines(pattern, lines).includes(true)
