/** A user's own tool: a file `NAME.toml` of `tools.d` or of `--tool-file`, or the table `[tool.NAME]` of a run file. It needs no code. */
import * as v from 'valibot'
import type { ErrorCode } from './errors.ts'
import { list, name, text } from './fields.ts'
import { table } from './free-keys.ts'
import { lifetime, onEnd } from './on-end.ts'
import { fileName, type Reading, readings, whyUnreadable } from './reading.ts'
import { commandLine, seconds } from './spec-fields.ts'
import { readTomlFile } from './toml-file.ts'
import type { ValidationError } from './validation-errors.ts'

const packageName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,99}$/, 'is no name of a package'))

/** What says what a tool is, and how what it writes is read: in a file, and in a run file beside `command`. */
export const description = {
  summary: v.optional(v.pipe(text, v.minLength(1))),
  /** What a machine must have. */
  needs: v.optional(
    v.strictObject({
      /** If it is another one than the first word of the command. */
      program: v.optional(v.pipe(text, v.minLength(1))),
      debian: v.optional(packageName),
      fedora: v.optional(packageName),
      /** In words, for what it is needed. */
      privilege: v.optional(v.pipe(text, v.minLength(1))),
      /** It cannot run as an ordinary user. */
      root: v.optional(v.boolean())
    })
  ),
  /** What it writes in its folder beside its output; one that is not there when it has stopped is named. */
  files: v.optional(list(fileName, 32)),
  read: v.optional(readings)
}

/** How a tool runs. */
export const manner = {
  /** On INT most tools write what they have buffered. */
  stop_signal: v.optional(v.picklist(['INT', 'TERM', 'QUIT', 'HUP'])),
  /** Seconds after which a tool that has written nothing counts as started. */
  ready_after: v.optional(seconds),
  /** From `start` to `stop` of each sample, or from `init` to `end`; only of a tool that can be both. */
  lifetime: v.optional(lifetime),
  /** What happens if it ends before it is stopped; by default `policy.on_ended_tool`. */
  on_end: v.optional(onEnd)
}

/** What may stand in the place of `{name}`: nothing that a shell or a program reads as more than one word, or as an option. */
export const PLAIN_VALUE = /^(?!-)[\w.:/,@%+=-]*$/

const summary = v.optional(text, '')
const setting = v.variant(
  'type',
  [
    v.strictObject({ type: v.literal('number'), summary, default: v.optional(v.pipe(v.number(), v.finite())) }),
    v.strictObject({ type: v.literal('boolean'), summary, default: v.optional(v.boolean()) }),
    v.strictObject({
      type: v.literal('string'),
      summary,
      default: v.optional(
        v.pipe(
          v.string(),
          v.maxLength(1024),
          v.regex(PLAIN_VALUE, 'has more than letters, digits and . : / , @ % + = - _')
        )
      ),
      /** That the whole value fits. */
      pattern: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(256)))
    })
  ],
  'an option has type = "string", "number" or "boolean"'
)

const userTool = v.strictObject({
  ...description,
  ...manner,
  /** A list of words, or a line for the shell; `{interval}` in a word is seconds, `{NAME}` an option. */
  command: commandLine,
  interval: v.optional(v.pipe(seconds, v.minValue(0.1))),
  /** Options that a run may give; only in a file of tools.d. */
  settings: v.optional(
    v.pipe(
      table(v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_-]{0,63}$/, 'an option is named in small letters')), setting),
      v.check(entries => Object.keys(entries).length <= 32, 'more than 32 options')
    )
  )
})
export type UserTool = v.InferOutput<typeof userTool>

/** Largest file of a tool, bytes. */
export const MAX_TOOL_FILE = 64 * 1024

/**
 * @param file its name in messages
 * @throws {BakError} `code` with a line for every error: file, line, key and what is wrong
 */
export function readUserTool(toml: string, file: string, code: ErrorCode = 'bad-config'): UserTool {
  return v.parse(
    userTool,
    readTomlFile(userTool, toml, file, code, given => conflictsIn(given as UserTool))
  )
}

/** @returns the words that it runs */
export const commandWords = (command: UserTool['command']): string[] =>
  typeof command === 'string' ? ['/bin/sh', '-c', command] : command

/** @returns the name of the tool in a file `NAME.toml`; undefined for another file */
export function toolNameOf(file: string): string | undefined {
  const [, found] = /^([^/]+)\.toml$/.exec(file) ?? []
  return found != null && v.is(name, found) ? found : undefined
}

/** @returns what is wrong with the readings of the tools of a run file */
export function unreadableIn(tools: Record<string, { read?: Reading[] }>): ValidationError[] {
  return Object.entries(tools).flatMap(([tool, { read = [] }]) =>
    wrongReadings(read).map(({ path, what }) => ({ path: ['tool', tool, ...path], what }))
  )
}

const wrongReadings = (read: Reading[]): ValidationError[] =>
  read.flatMap((each, i) => {
    const what = whyUnreadable(each)
    return what == null ? [] : [{ path: ['read', i], what }]
  })

/** What is wrong between keys that are right by themselves. */
function conflictsIn({
  read = [],
  settings = {},
  command
}: Pick<UserTool, 'read' | 'settings' | 'command'>): ValidationError[] {
  const words = commandWords(command).join('\n')
  const unread = Object.keys(settings).filter(key => !words.includes(`{${key}}`))
  return [
    ...wrongReadings(read),
    ...unread.map(key => ({ path: ['settings', key], what: `no word of the command has {${key}}` })),
    ...Object.entries(settings).flatMap(([key, each]) => {
      const what = each.type === 'string' ? whyNoPattern(each.pattern, each.default) : undefined
      return what == null ? [] : [{ path: ['settings', key, 'pattern'], what }]
    })
  ]
}

function whyNoPattern(pattern: string | undefined, usual: string | undefined): string | undefined {
  if (pattern == null) return undefined
  try {
    const fits = new RegExp(`^(?:${pattern})$`).test(usual ?? '')
    return usual == null || fits ? undefined : `the default, ${usual}, does not fit it`
  } catch (cause) {
    return `is no regular expression: ${(cause as Error).message.replace(/^Invalid regular expression: /, '')}`
  }
}
