/**
 * Waits for a line in what a program writes. The regular expression is another peer's: it gets a bounded piece of a line and a bounded
 * time, since some expressions take longer than anybody lives.
 */
import { createContext, Script } from 'node:vm'
import { BakError } from '../../../protocols/errors.ts'
import { GrowingFile } from '../../store/growing-file.ts'

/** Bytes that are read at once; the lines of a program that writes faster are seen later. */
const PORTION_BYTES = 256 * 1024
/** Of a line. */
const MAX_LINE = 4_096
/** For all lines of a portion, ms. */
const MAX_TIME_MS = 200

const search = new Script('lines.some(line => pattern.test(line))')

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
export function fits(pattern: string, lines: string[]): boolean {
  const cut = lines.map(line => line.slice(0, MAX_LINE).replace(/\r$/, ''))
  const context = createContext(
    { pattern: new RegExp(pattern), lines: cut },
    { codeGeneration: { strings: false, wasm: false } }
  )
  try {
    return search.runInContext(context, { timeout: MAX_TIME_MS }) === true
  } catch (cause) {
    throw new BakError('timeout', `the expression ${pattern.slice(0, 100)} takes longer than ${MAX_TIME_MS} ms`, {
      cause
    })
  }
}
