/** A run file that a command only reads: its text, and the spec that it is. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { BakError, whyOf } from '../protocols/errors.ts'
import { checkSpec, type RunFile, readRunFile } from '../protocols/run-file.ts'
import type { Spec } from '../protocols/spec.ts'
import { decodeFile } from '../protocols/utf8.ts'
import { currentFolder } from './first-mistakes.ts'
import type { RunFileText } from './run-file-lines.ts'
import { slurmGroups } from './slurm-group.ts'
import { anchoredIn } from './staged-paths.ts'

/** @throws {BakError} `bad-run-file` if it cannot be read, or is no text */
export function textOfRunFile(file: string): string {
  try {
    return decodeFile(readFileSync(file), file, 'bad-run-file')
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    throw new BakError('bad-run-file', `cannot read the run file ${file}: ${whyOf(cause)}`, { cause })
  }
}

/**
 * @returns its keys, with its paths beside it
 * @throws {BakError} `bad-run-file` with a line for every mistake
 */
export function keysOfRunFile(file: string): { keys: RunFile; source: RunFileText } {
  const text = textOfRunFile(file)
  const folder = resolve(currentFolder(), dirname(file))
  return { keys: anchoredIn(readRunFile(text, file, slurmGroups()), folder), source: { file, text } }
}

/**
 * @returns its spec with every default
 * @throws {BakError} as `keysOfRunFile`, and `usage` for one that is no run without words of the command line
 */
export function specOfRunFile(file: string): { spec: Spec; source: RunFileText } {
  const { keys, source } = keysOfRunFile(file)
  return { spec: checkSpec(keys), source }
}
