/** Waits for a line in what a program writes. */
import { fittingLines } from '../line-patterns.ts'
import { OutputLines } from '../output-lines.ts'

export class LineWatch {
  readonly #pattern: string
  readonly #files: OutputLines[]

  /** @param paths files that grow, and need not be there yet */
  constructor(pattern: string, paths: string[]) {
    this.#pattern = pattern
    this.#files = paths.map(path => new OutputLines(path))
  }

  /** @returns whether a line that was written since the last call fits; the last one need not have its end @throws {BakError} `timeout` */
  async look(): Promise<boolean> {
    for (const each of this.#files) {
      if (each.isBehind && fits(this.#pattern, [...(await each.read()), each.rest])) return true
    }
    return false
  }
}

/** @throws {BakError} `timeout` if the expression takes too long */
export const fits = (pattern: string, lines: string[]): boolean => fittingLines(pattern, lines).includes(true)
