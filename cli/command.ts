/** What commands share: flags with their variables, examples, and the context of an action. */
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { CallName, CallRequest, CallResponse } from '../protocols/control.ts'
import { defaultHome, socketOf } from '../protocols/default-home.ts'
import { BakError } from '../protocols/errors.ts'
import { callerVariables } from '../protocols/variables.ts'
import { cleanJson, cleanLine, writeTo } from './output.ts'

/** The caller's environment, before this program changes it. */
export const callerEnv = callerVariables(process.env)

export interface Context {
  home: string
  socket: string
  json: boolean
  /** The words after `--`, if there is one. */
  rest?: string[]
  /** The options of the command from flags and variables, and those from config.toml. */
  bySource<Options>(): { given: Options; configured: Options }
  /** Writes one line to stdout, without what a terminal would obey: names and reasons are of other peers. */
  print(line: string): Promise<void>
  /** As `print`, for a text whose lines are made here, such as a table. */
  printLines(text: string): Promise<void>
  /** The program with the flags of every command. */
  program(): Promise<Command>
  /** Calls the daemon for one answer. @throws {BakError} also `timeout`, where it answers nothing */
  ask<N extends CallName>(call: N, request: CallRequest<N>): Promise<CallResponse<N>>
}

/** What an argument says that names a run, or a result. */
export const RUN = 'any unique part of its id, last, or last~1 for the one before'
export const RESULT = `a folder, or a run: ${RUN}`

/** What a command does. @returns its exit status; nothing is 0 */
export type Action<Options> = (context: Context, options: Options, ...words: string[]) => Promise<number | void>

let rest: string[] | undefined
let status = 0
let buildAll: () => Promise<Command>

/** @param words those after `--` @param program builds the program with the flags of every command */
export function setInvocation(words: string[] | undefined, program: () => Promise<Command>): void {
  rest = words
  buildAll = program
  status = 0
}

export const statusOfCommand = () => status

/** How the words of a flag are read, which ones there are, or what it is without a word. */
type Words = ((value: string, before: never) => unknown) | readonly string[] | { default: string }

/** Adds a flag and its variable: `BAK_RUN_ON` for `bak run --on`, `BAK_HOME` for `bak --home`. */
export function addFlag(command: Command, flags: string, help: string, words?: Words): Option {
  const option = new Option(flags, help)
  option.env(
    ['BAK', ...pathOf(command), option.name().replace(/^no-/, 'no_')].join('_').replaceAll('-', '_').toUpperCase()
  )
  if (typeof words === 'function') option.argParser(words as never)
  else if (words != null) 'default' in words ? option.default(words.default) : option.choices(words)
  command.addOption(option)
  return option
}

/** Commands that are others under another name, with their variables and settings. */
const SAME: Record<string, string[]> = { 'job run': ['run'] }

/** @returns the names of a command and its parents, without the name of the program */
export function pathOf(command: Command): string[] {
  if (command.parent == null) return []
  const path = [...pathOf(command.parent), command.name()]
  return SAME[path.join(' ')] ?? path
}

export function addExamples(command: Command, examples: Record<string, string>): void {
  const width = Math.max(...Object.keys(examples).map(line => line.length))
  const lines = Object.entries(examples).map(([line, help]) => `  ${line.padEnd(width)}  ${help}`)
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}

/** Sets what a command does. A command without `takesRest` refuses words after `--`. */
export function setAction<Options>(command: Command, act: Action<Options>, takesRest = false): void {
  command.action(async () => {
    if (rest != null && !takesRest)
      throw new BakError('usage', `bak ${pathOf(command).join(' ')} takes nothing after --`)
    const options = command.optsWithGlobals()
    if (options.color === false) process.env.NO_COLOR = '1'
    status = (await act(contextOf(options, command), options as Options, ...command.args)) ?? 0
  })
}

function contextOf({ home, json = false }: { home?: string; json?: boolean }, command: Command): Context {
  const folder = home == null ? defaultHome() : resolve(home)
  const socket = socketOf(folder)
  return {
    home: folder,
    socket,
    json,
    rest,
    bySource: () => optionsBySource(command),
    program: () => buildAll(),
    print: line => writeTo(process.stdout, `${json ? cleanJson(line) : cleanLine(line)}\n`),
    printLines: text => writeTo(process.stdout, `${text.split('\n').map(cleanLine).join('\n')}\n`),
    ask: async (call, request) => (await import('./silence.ts')).askDaemon(socket, call, request)
  }
}

function optionsBySource<Options>(command: Command): { given: Options; configured: Options } {
  const all = Object.entries(command.opts())
  const isConfigured = ([name]: [string, unknown]) => command.getOptionValueSource(name) === 'config'
  return {
    given: Object.fromEntries(all.filter(each => !isConfigured(each))) as Options,
    configured: Object.fromEntries(all.filter(isConfigured)) as Options
  }
}
