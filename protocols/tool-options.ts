/** The options of one tool: the keys of `[tool.NAME]` in a run file, and what is sent to members. */
import * as v from 'valibot'
import { list } from './fields.ts'
import { table, withoutReserved } from './free-keys.ts'
import { MAX_OVERRIDES, override, type SettingValue, settingValue } from './override.ts'
import { argument, argv, seconds } from './spec-fields.ts'
import { platform, stagePath } from './staged.ts'
import { description, manner } from './user-tool.ts'

/** What any tool may have. */
const common = {
  /** Its program for each system and processor, such as `linux-x64`: a file, or a folder with `bin/` and `lib/`. */
  bundle: v.optional(
    v.pipe(
      table(platform, stagePath),
      v.check(entries => Object.keys(entries).length <= 16, 'more than 16 bundles')
    )
  ),
  /** Makes this a tool of the user: a program that runs between start and stop. */
  command: v.optional(argv),
  /** Seconds between two samples; by default the interval of the run. */
  interval: v.optional(v.pipe(seconds, v.minValue(0.1))),
  /** Further arguments of the tool; `--key=value` of an option that the tool declares is read as that. */
  options: v.optional(list(argument, 256)),
  ...manner,
  /** What a tool of the user is; only beside `command`. */
  ...description,
  /** Other options on some members. */
  override: v.optional(list(override, MAX_OVERRIDES))
}
const commonKeys = v.object(common)

export type { SettingValue } from './override.ts'

/** Names that no tool may declare for an option of its own, but `interval`. */
export const COMMON_OPTIONS = Object.keys(common)

/** Those that say what a tool of the user is. */
export const DESCRIBING = Object.keys(description)

/** The tool's own options stand beside the common ones; the tool says which there are. */
type OwnOptions = { [option: string]: unknown }
type ToolOptionsInput = v.InferInput<typeof commonKeys> & OwnOptions
export type ToolOptions = v.InferOutput<typeof commonKeys> & OwnOptions

const MAX_OPTIONS = 64

export const toolOptions = withoutReserved(
  v.pipe(
    v.objectWithRest(common, settingValue),
    v.check(options => Object.keys(options).length <= MAX_OPTIONS, `more than ${MAX_OPTIONS} options`),
    v.check(
      options => Object.keys(options).every(key => /^[A-Za-z0-9][\w.-]{0,63}$/.test(key)),
      'the name of an option has letters, digits and . _ - only'
    )
  )
) as v.GenericSchema<ToolOptionsInput, ToolOptions>

/** @returns the tool's own options by name, as they were given */
export function ownOptions(options: ToolOptions): Record<string, SettingValue> {
  const own = Object.entries(options).filter(([key, value]) => value != null && !COMMON_OPTIONS.includes(key))
  return Object.fromEntries(own) as Record<string, SettingValue>
}

/** @returns all words by which the options say what a tool runs: its command, further arguments, and its own options as `--key=value` */
export function wordsOf(options: ToolOptions): string[] {
  const own = Object.entries(ownOptions(options)).map(([key, value]) => `--${key}=${value}`)
  return [...(options.command ?? []), ...(options.options ?? []), ...own.sort()]
}
