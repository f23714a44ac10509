/** Reads a TOML file that a person wrote, and names every error in it with its line. */
import { parse } from 'smol-toml'
import type * as v from 'valibot'
import type { Schema } from './codec.ts'
import { BakError, type ErrorCode } from './errors.ts'
import { findLines } from './toml-lines.ts'
import { findValidationErrors, type ValidationError } from './validation-errors.ts'

/**
 * @param file the name of the file in messages
 * @param code the code of an error in the file
 * @param findConflicts what is wrong between keys that are right by themselves
 * @returns the content of the file, without defaults
 * @throws {BakError} `code` with a line for every error: file, line, key and what is wrong
 */
export function readTomlFile<S extends Schema>(
  schema: S,
  text: string,
  file: string,
  code: ErrorCode,
  findConflicts: (table: v.InferInput<S>) => ValidationError[] = () => []
): v.InferInput<S> {
  const table: v.InferInput<S> = parseToml(text, file, code)
  const wrong = findValidationErrors(schema, table)
  const errors = wrong.length > 0 ? wrong : findConflicts(table)
  if (errors.length === 0) return table
  throw new BakError(code, describeErrors(errors, text, file))
}

/** @returns a line for each error, in the order of the file: `run.toml:3: policy.quorum: what is wrong` */
export function describeErrors(errors: ValidationError[], text: string, file: string): string {
  const lineOf = findLines(text)
  const found = errors.map(error => ({ line: lineOf(error.path), text: inWords(error) }))
  found.sort((a, b) => a.line - b.line)
  return found.map(({ line, text }) => `${file}:${line}: ${text}`).join('\n')
}

/** @throws {BakError} `code` with file, line and column */
export function parseToml(text: string, file: string, code: ErrorCode): object {
  try {
    return parse(text)
  } catch (cause) {
    const { line, column, message } = cause as Error & { line?: number; column?: number }
    const [reason = ''] = message.replace(/^Invalid TOML document: /, '').split('\n')
    const isOpen =
      reason === 'unfinished string' || (reason.startsWith('control characters') && isEnd(text, line, column))
    const what = isOpen ? 'a string is not closed' : reason
    throw new BakError(code, `${file}:${line ?? 1}:${column ?? 1}: ${what}`, { cause })
  }
}

const isEnd = (text: string, line = 1, column = 1) => (text.split(/\r?\n/)[line - 1]?.length ?? 0) < column

/** @returns `policy.quorum: what is wrong` */
export const inWords = ({ path, what }: ValidationError) => (path.length === 0 ? what : `${path.join('.')}: ${what}`)
