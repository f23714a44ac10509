/**
 * Run files: a spec as people write it, in TOML. The same keys are options of `bak run`, which win over the file; the
 * effective spec stands in the result as `spec.toml`, and is a run file again.
 */
import { stringify } from 'smol-toml'
import * as v from 'valibot'
import type { Schema } from './codec.ts'
import { BakError } from './errors.ts'
import { type Spec, type SpecInput, spec } from './spec.ts'
import { inWords, readTomlFile } from './toml-file.ts'
import { findValidationErrors } from './validation-errors.ts'

/** A run file may leave out any key, the command too. */
export type RunFile = Partial<SpecInput>

const runFile = v.strictObject({ ...spec.entries, command: v.optional(spec.entries.command) })

/**
 * @param file how the file is called in messages
 * @throws {BakError} `bad-run-file` with a line for every mistake: file, line, key and what is wrong
 */
export function readRunFile(text: string, file: string): RunFile {
  return readTomlFile(runFile as Schema, text, file, 'bad-run-file') as RunFile
}

/** @returns the text of `spec.toml`, which `readRunFile` reads back to the same spec */
export function writeRunFile(effective: Spec): string {
  return `${stringify(effective).trimEnd()}\n`
}

/**
 * @returns the spec with every default filled in
 * @throws {BakError} `usage` with a line for every mistake
 */
export function checkSpec(options: RunFile): Spec {
  if (options.command == null)
    throw new BakError('usage', 'a command is missing: bak run [FILE.toml] [options] -- COMMAND')
  const errors = findValidationErrors(spec as Schema, options)
  if (errors.length > 0) throw new BakError('usage', errors.map(inWords).join('\n'))
  return v.parse(spec, options)
}
