/**
 * Which lines fit a regular expression. It is another peer's: it gets a bounded piece of a line and a bounded time, in a context of its own,
 * since some expressions take longer than anybody lives.
 */
import { createContext, Script } from 'node:vm'
import { BakError } from '../../protocols/errors.ts'

/** Characters of a line. */
export const MAX_LINE = 4_096
/** For all lines of a call, ms. */
const MAX_TIME_MS = 200
/** How often an expression is tried that was hardly given any processor time. */
const MAX_TRIES = 5
/** Characters of an expression in an error. */
const SHOWN = 100

// as a text: what comes out of another context is no array of this one
const search = new Script("lines.map(line => (pattern.test(line) ? '1' : '0')).join('')")

/** @returns for each line whether it fits @throws {BakError} `timeout` if the expression takes too long */
export function fittingLines(pattern: string, lines: string[]): boolean[] {
  const cut = lines.map(line => line.slice(0, MAX_LINE).replace(/\r$/, ''))
  const context = createContext(
    { pattern: new RegExp(pattern), lines: cut },
    { codeGeneration: { strings: false, wasm: false } }
  )
  for (let tries = 1; ; tries++) {
    const before = processorTime()
    try {
      return [...String(search.runInContext(context, { timeout: MAX_TIME_MS }))].map(each => each === '1')
    } catch (cause) {
      // a machine that is busy may have held it up: the limit is of time that passes, not of time that it took
      if (processorTime() - before < MAX_TIME_MS / 2 && tries < MAX_TRIES) continue
      const shown = pattern.slice(0, SHOWN)
      throw new BakError('timeout', `the expression ${shown} takes longer than ${MAX_TIME_MS} ms`, { cause })
    }
  }
}

/** Of this thread, ms. */
function processorTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
