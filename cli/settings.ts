/**
 * `config.toml` in the home, as `bak` reads it. Flags of all commands are keys of the table `cli`, flags of `bak run` are
 * keys of `cli.run`, and so on; the other keys are the daemon's. Precedence: flag, variable, file, default.
 */
import { join, resolve } from 'node:path'
import type { Command, Option } from 'commander'
import { defaultHome } from '../protocols/default-home.ts'
import { BakError } from '../protocols/errors.ts'
import { readSettingsText } from '../protocols/settings-text.ts'
import type { ValidationError } from '../protocols/validation-errors.ts'
import { isOff } from '../protocols/variables.ts'
import { pathOf } from './command.ts'

type Table = Record<string, unknown>

/** Sets the flags of a command and of the program from their variables and the file. */
export async function applySettings(command: Command): Promise<void> {
  const chain = [command]
  while (chain[0]?.parent != null) chain.unshift(chain[0].parent)
  for (const each of chain) for (const option of each.options) turnOff(each, option)
  const home = chain[0]?.opts().home
  const file = await readSettings(home == null ? defaultHome() : resolve(home))
  for (const each of chain) await applyTable(each, tableOf(each, file.keys), file)
}

export interface Settings {
  path: string
  text: string
  keys: Table
}

/** @throws {BakError} `bad-config` with line and column */
export async function readSettings(home: string): Promise<Settings> {
  const path = join(home, 'config.toml')
  const text = readSettingsText(path)
  if (text === '') return { path, text, keys: {} }
  const { parseToml } = await import('../protocols/toml-file.ts')
  return { path, text, keys: parseToml(text, path, 'bad-config') as Table }
}

/** @returns the path of the table with a command's flags */
export const tablePath = (command: Command) => ['cli', ...pathOf(command)]

/** @returns the key of a flag: `join_timeout` for `--join-timeout`, `color` for `--no-color` */
export const keyOf = (option: Option) => (option.long ?? '').replace(/^--(no-)?/, '').replaceAll('-', '_')

/** @returns the table with a command's flags in a file, empty if there is none */
export function tableOf(command: Command, keys: Table): Table {
  let table: unknown = keys
  for (const name of tablePath(command)) table = (table as Table)?.[name]
  return table != null && typeof table === 'object' ? (table as Table) : {}
}

/** commander reads the variable of a boolean flag as true, whatever its value is. */
function turnOff(command: Command, option: Option): void {
  if (!option.isBoolean() || command.getOptionValueSource(option.attributeName()) !== 'env') return
  if (isOff(process.env[option.envVar ?? '']))
    command.setOptionValueWithSource(option.attributeName(), option.negate, 'env')
}

/** @throws {BakError} `bad-config` with a line for every error: file, line, key and what is wrong */
async function applyTable(command: Command, table: Table, file: Settings): Promise<void> {
  const known = new Set(command.commands.map(each => each.name()))
  const errors: ValidationError[] = []
  for (const [key, value] of Object.entries(table)) {
    if (known.has(key)) continue
    try {
      applyKey(command, key, value)
    } catch (cause) {
      errors.push({ path: [...tablePath(command), key], what: (cause as Error).message })
    }
  }
  if (errors.length === 0) return
  const { describeErrors } = await import('../protocols/toml-file.ts')
  throw new BakError('bad-config', describeErrors(errors, file.text, file.path))
}

function applyKey(command: Command, key: string, value: unknown): void {
  const option = command.options.find(each => keyOf(each) === key && !['version', 'home'].includes(key))
  if (option == null) throw new Error('is not a known key')
  const source = command.getOptionValueSource(option.attributeName())
  if (source === 'cli' || source === 'env') return
  command.setOptionValueWithSource(option.attributeName(), parseSetting(option, value), 'config')
}

/** The file has booleans, numbers, strings and lists; the parser of a flag takes strings. */
function parseSetting(option: Option, value: unknown): unknown {
  if (option.isBoolean()) {
    if (typeof value === 'boolean') return value
    throw new Error('expected true or false')
  }
  let parsed: unknown
  for (const each of Array.isArray(value) ? value : [value]) {
    parsed = option.parseArg == null ? String(each) : option.parseArg(String(each), parsed as never)
  }
  return parsed
}
