/** What a daemon finds wrong with a key of a run file is named by the line of that key. */
import { asBakError, BakError } from '../protocols/errors.ts'
import { findLines, type Path } from '../protocols/toml-lines.ts'

/** A run file as it was read. */
export interface RunFileText {
  file: string
  text: string
}

/** @returns the error, with `run.toml:12: ` before each of its lines that begins with the path of a workload in the file */
export function withLines(cause: unknown, source: RunFileText | undefined): BakError {
  const error = asBakError(cause)
  if (source == null || (error.code !== 'usage' && error.code !== 'bad-run-file')) return error
  const lineOf = findLines(source.text)
  const located = error.message.split('\n').map(line => {
    const [, path] = /^(workload\.\d+(?:\.\w+)*): /.exec(line) ?? []
    return path == null ? line : `${source.file}:${lineOf(path.split('.').map(partOf))}: ${line}`
  })
  const message = located.join('\n')
  return message === error.message ? error : new BakError(error.code, message, { cause: error })
}

const partOf = (part: string): Path[number] => (/^\d+$/.test(part) ? Number(part) : part)
