/** What a daemon finds wrong with a key of a run file is named by the line of that key. */
import { dirname, resolve } from 'node:path'
import { asBakError, BakError } from '../protocols/errors.ts'
import { findLines, type Path } from '../protocols/toml-lines.ts'

/** A run file as it was read. */
export interface RunFileText {
  file: string
  text: string
}

/** @returns the error, with `run.toml:12: ` before each of its lines that begins with the path of a workload, a job or a key of `[load]` in the file */
export function withLines(cause: unknown, source: RunFileText | undefined): BakError {
  const error = asBakError(cause)
  if (source == null || (error.code !== 'usage' && error.code !== 'bad-run-file')) return error
  const lineOf = findLines(source.text)
  const located = error.message.split('\n').map(line => {
    const [, path] = /^((?:workload|load|job)(?:\.\w+)*): /.exec(line) ?? []
    const at = path == null ? lineOfStaged(line, source) : lineOf(path.split('.').map(partOf))
    return at == null ? line : `${source.file}:${at}: ${line}`
  })
  const message = located.join('\n')
  return message === error.message ? error : new BakError(error.code, message, { cause: error })
}

/** The line on which the file has the path that cannot be staged. @returns undefined for another error, and for a path of a flag */
function lineOfStaged(message: string, { file, text }: RunFileText): number | undefined {
  const [, path = ''] = /(?:^|: )cannot stage (.+?): /.exec(message) ?? []
  const has = (line: string) =>
    [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g)].some(
      ([, basic, literal]) => resolve(dirname(file), unescaped(basic) ?? literal ?? '') === path
    )
  const at = path === '' ? -1 : text.split('\n').findIndex(has)
  return at < 0 ? undefined : at + 1
}

/** What TOML and JSON have in common is what paths have. */
function unescaped(text: string | undefined): string | undefined {
  try {
    return text == null ? undefined : JSON.parse(`"${text}"`)
  } catch {
    return text
  }
}

const partOf = (part: string): Path[number] => (/^\d+$/.test(part) ? Number(part) : part)
