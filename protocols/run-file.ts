/**
 * Run files: a spec in TOML. The same keys are flags of `bak run`, which win over the file. The result contains the
 * effective spec as `spec.toml`, which is a run file too.
 */
import { stringify } from 'smol-toml'
import * as v from 'valibot'
import type { Schema } from './codec.ts'
import { BakError } from './errors.ts'
import { expandParams, type Params, params } from './matrix/params.ts'
import { type Spec, type SpecInput, spec } from './spec.ts'
import { searchIterations } from './tasks/search-grid.ts'
import { taskKeys } from './tasks/task.ts'
import { wrongThresholds } from './thresholds/wrong-thresholds.ts'
import { inWords, readTomlFile } from './toml-file.ts'
import { unreadableIn } from './user-tool.ts'
import { findValidationErrors } from './validation-errors.ts'
import { findConflicts, whyEndless, whyNothing } from './workload-conflicts.ts'

/** A run file may leave out any key, the command too. Its parameters become iterations of the spec. */
export type RunFile = Partial<SpecInput> & { params?: Params }

const runFile = v.strictObject({ ...spec.entries, params: v.optional(params) })

/**
 * @param file the name of the file in messages
 * @param outside groups that are known beside those of the file, which go before them
 * @throws {BakError} `bad-run-file` with a line for every error: file, line, key and what is wrong
 */
export function readRunFile(text: string, file: string, outside: Groups = []): RunFile {
  const whole = (given: RunFile) => withGroups(given, outside)
  const wrong = (given: RunFile) => conflictsOf(whole(given))
  return whole(readTomlFile(runFile as v.GenericSchema<RunFile>, text, file, 'bad-run-file', wrong) as RunFile)
}

type Groups = NonNullable<RunFile['groups']>

/** @returns the keys with these groups too, of which none has the name of one of theirs */
export function withGroups(given: RunFile, outside: Groups): RunFile {
  const own = given.groups ?? []
  const more = outside.filter(each => !own.some(({ name }) => name === each.name))
  return more.length === 0 ? given : { ...given, groups: [...own, ...more] }
}

const conflictsOf = (given: RunFile) => [...findConflicts(given), ...unreadableIn(given.tool ?? {})]

/** @returns the text of `spec.toml`, which `readRunFile` reads back to the same spec */
export function writeRunFile(effective: Spec): string {
  return `${stringify(effective).trimEnd()}\n`
}

/**
 * @returns the spec with every default filled in
 * @throws {BakError} `usage` with a line for every error
 */
export function checkSpec(given: RunFile): Spec {
  const options = withTestMode(withSearch(withIterations(given)))
  const { command, workload = [], task = [], job = [] } = options
  if (command == null && workload.length + task.length + job.length === 0)
    throw new BakError(
      'usage',
      'a command is missing: bak run [FILE.toml] [options] -- COMMAND; or a [[job]], [[workload]] or [[task]] in the file'
    )
  const wrong = findValidationErrors(spec as Schema, options)
  const errors = wrong.length > 0 ? wrong : conflictsOf(options)
  if (errors.length > 0) throw new BakError('usage', errors.map(inWords).join('\n'))
  const unfit = whyEndless(options) ?? whyNothing(options)
  if (unfit != null) throw new BakError('usage', unfit)
  const checked = withQuorum(v.parse(spec, options), options)
  const lost = wrongThresholds(checked)
  if (lost.length > 0) throw new BakError('usage', lost.join('\n'))
  return checked
}

/** A member that is lost gives its jobs back to others: by default a run of jobs goes on as long as there is one. */
function withQuorum(checked: Spec, { policy }: Partial<SpecInput>): Spec {
  if (policy?.quorum != null || !checked.job.some(({ role }) => role === 'work')) return checked
  return { ...checked, policy: { ...checked.policy, quorum: 1 } }
}

/** @throws {BakError} `usage` with a line for every mistake in the parameters */
function withIterations({ params: given, ...options }: RunFile): Partial<SpecInput> {
  if (given == null) return options
  const { iterations, errors } = expandParams(given, options.iterations)
  if (errors.length > 0) throw new BakError('usage', errors.join('\n'))
  return { ...options, iterations }
}

/** Its numbers mean nothing: they are held against no threshold, and nothing is searched. */
function withTestMode(options: Partial<SpecInput>): Partial<SpecInput> {
  if (options.load?.test_mode !== true) return options
  const { threshold: _, search, ...rest } = options
  const first = search == null ? undefined : rest.iterations?.slice(0, 1)
  return first == null ? rest : { ...rest, iterations: first }
}

/** A search that has a mistake is refused by what is wrong with it. */
function withSearch(options: Partial<SpecInput>): Partial<SpecInput> {
  if (options.search == null || options.iterations != null) return options
  const keys = v.safeParse(v.object(taskKeys), options)
  const iterations = keys.success ? searchIterations(keys.output) : undefined
  return iterations == null ? options : { ...options, iterations }
}
