/** The options that a tool declares: their values, from the keys of a run file and from words such as `--pattern=nginx`. Pure. */
import { BakError } from '../../protocols/errors.ts'
import { nearest } from '../../protocols/nearest.ts'
import {
  COMMON_OPTIONS,
  DESCRIBING,
  ownOptions,
  type SettingValue,
  type ToolOptions
} from '../../protocols/tool-options.ts'
import type { Setting, Tool } from './tool.ts'

/** What settings are read from. */
type Declared = Pick<Tool, 'name' | 'settings' | 'noWords' | 'lifetime' | 'eitherLifetime'>

export interface Settings {
  /** By name, with defaults. */
  values: Record<string, SettingValue>
  /** Words that are no setting: they go to the program of the tool. */
  words: string[]
}

/** Of each tool that samples. */
export const intervalSetting: Setting = {
  name: 'interval',
  type: 'number',
  summary: 'seconds between two samples; by default the interval of the run',
  check: seconds => (seconds >= 0.1 ? undefined : 'expected 0.1 s at least')
}

/** @throws {BakError} `usage` with a line for each mistake, which names the tool and the option */
export function settingsOf(tool: Declared, options: ToolOptions): Settings {
  const values = new Map<string, SettingValue>()
  const mistakes: string[] = []
  const declared = new Map(tool.settings.map(setting => [setting.name, setting]))
  const words: string[] = []
  for (const word of options.options ?? []) {
    const [, key = '', text] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? []
    const setting = declared.get(key)
    if (setting == null || (text == null && setting.type !== 'boolean')) words.push(word)
    else values.set(key, read(setting, text ?? 'true'))
  }
  // a key of a run file is more than a word that was registered
  const given = Object.entries(ownOptions(options))
  if (options.interval != null && declared.has('interval')) given.push(['interval', options.interval])
  for (const [key, value] of given) {
    if (declared.has(key)) values.set(key, value)
    else mistakes.push(unknownOption(key, tool))
  }
  for (const setting of tool.settings) {
    const value = values.get(setting.name)
    const wrong = value == null ? whyMissing(setting) : whyWrong(setting, value)
    if (wrong != null) mistakes.push(`${setting.name}: ${wrong}`)
    if (value == null && setting.default != null) values.set(setting.name, setting.default)
  }
  if (tool.noWords != null && words.length > 0) mistakes.push(noSuchWord(words[0] as string, tool))
  const described = DESCRIBING.filter(key => options.command == null && options[key] != null)
  mistakes.push(...described.map(key => `${key}: is for a tool of your own: it needs a command`))
  const { lifetime = tool.lifetime } = options
  if (lifetime !== tool.lifetime && tool.eitherLifetime !== true)
    mistakes.push(`lifetime: it is always ${tool.lifetime}`)
  if (mistakes.length > 0) throw new BakError('usage', mistakes.map(each => `tool.${tool.name}.${each}`).join('\n'))
  return { values: Object.fromEntries(values), words }
}

/** @returns what of the options that any tool may have means nothing to this one, in words: no mistake, since a set of tools gets the same for all */
export function ignoredBy({ settings, isPaced, stop }: Tool, { interval, stop_signal }: ToolOptions): string[] {
  const takesInterval = isPaced === true || settings.some(({ name }) => name === 'interval')
  return [
    ...(interval == null || takesInterval ? [] : ['its interval is ignored: it takes no samples at one']),
    ...(stop_signal == null || stop.startsWith('SIG') ? [] : [`its stop_signal is ignored: ${stop}`])
  ]
}

/** @param run what the run says @returns seconds between two samples: those of the tool, if it was given some */
export const intervalOf = ({ interval }: Settings['values'], run: { interval: number }): number =>
  (interval as number | undefined) ?? run.interval

const whyMissing = ({ required, type, default: usual }: Setting) =>
  required && usual == null ? `is missing: expected ${kinds[type]}` : undefined

function whyWrong(setting: Setting, value: SettingValue): string | undefined {
  const { type } = setting
  if (type === 'string' && typeof value === 'string') return setting.check?.(value)
  if (type === 'number' && typeof value === 'number') return setting.check?.(value)
  if (type === 'boolean' && typeof value === 'boolean') return setting.check?.(value)
  return `expected ${kinds[type]}, got ${JSON.stringify(value)}`
}

const kinds = { string: 'a string', number: 'a number', boolean: 'true or false' }

/** A text that is no value of its type stays a text, and is named as such. */
function read({ type }: Setting, text: string): SettingValue {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  const number = Number(text)
  return type === 'number' && text.trim() !== '' && Number.isFinite(number) ? number : text
}

function unknownOption(key: string, { settings }: Declared): string {
  const own = settings.map(({ name }) => name)
  return `${key}: is not an option of this tool; ${hint(key, own, [...own, ...COMMON_OPTIONS])}`
}

function noSuchWord(word: string, { settings, noWords }: Declared): string {
  const [, key = word] = /^--([^=]+)/.exec(word) ?? []
  const own = settings.map(({ name }) => name)
  return `options: ${word} is not an option of this tool, and ${noWords}; ${hint(key, own, own)}`
}

function hint(key: string, own: string[], candidates: string[]): string {
  const near = nearest(key, candidates)
  if (near != null) return `did you mean ${near}?`
  return own.length === 0 ? 'it has none of its own' : `there are ${own.join(', ')}`
}
