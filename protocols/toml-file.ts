/** Reads a TOML file that a person wrote, and says all that is wrong with it at once, each thing with its line. */
import { parse } from 'smol-toml'
import type * as v from 'valibot'
import type { Schema } from './codec.ts'
import { BakError, type ErrorCode } from './errors.ts'
import { findLines } from './toml-lines.ts'
import { findValidationErrors, type ValidationError } from './validation-errors.ts'

/**
 * @param file how the file is called in messages
 * @param code what its mistakes are
 * @returns what stands in the file, with no default filled in
 * @throws {BakError} `code` with a line for every mistake: file, line, key and what is wrong
 */
export function readTomlFile<S extends Schema>(
  schema: S,
  text: string,
  file: string,
  code: ErrorCode
): v.InferInput<S> {
  const table = parseToml(text, file, code)
  const mistakes = findValidationErrors(schema, table)
  if (mistakes.length === 0) return table
  const lineOf = findLines(text)
  const found = mistakes.map(mistake => ({ line: lineOf(mistake.path), text: inWords(mistake) }))
  found.sort((a, b) => a.line - b.line)
  throw new BakError(code, found.map(({ line, text }) => `${file}:${line}: ${text}`).join('\n'))
}

function parseToml(text: string, file: string, code: ErrorCode): object {
  try {
    return parse(text)
  } catch (cause) {
    const { line, column, message } = cause as Error & { line?: number; column?: number }
    const [reason = ''] = message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new BakError(code, `${file}:${line ?? 1}:${column ?? 1}: ${reason}`, { cause })
  }
}

/** @returns `policy.quorum: what is wrong` */
export const inWords = ({ path, what }: ValidationError) => (path.length === 0 ? what : `${path.join('.')}: ${what}`)
