/** One request line of a workload, as what it asks for. Pure: see protocols/workload-socket.ts. */
import * as v from 'valibot'
import { MAX_VALUE_BYTES } from '../../../protocols/calls.ts'
import { readDuration } from '../../../protocols/duration.ts'
import { BakError } from '../../../protocols/errors.ts'
import { name as nameSchema } from '../../../protocols/fields.ts'
import { type Metric, readMeaning } from '../../../protocols/metric.ts'
import { CALLS, type CallName, DEFAULT_WAIT_S, USAGE, unescapeValue } from '../../../protocols/workload-socket.ts'
import { ifPossible } from '../../if-possible.ts'

/** Times are in ms; 0 is for ever. */
export type CallRequest =
  | { call: 'barrier'; name: string; group?: string; count?: number; timeout: number }
  | { call: 'publish'; name: string; value: Uint8Array }
  /** Until so many messages have come. */
  | { call: 'subscribe'; name: string; count?: number; timeout: number }
  | { call: 'put'; key: string; value: Uint8Array }
  | { call: 'get'; key: string; timeout: number }
  | { call: 'period'; edge: 'begin' | 'end'; name: string }
  | ({ call: 'sample' } & Omit<Metric, 'samples'>)
  | { call: 'quit' }

const MAX_UNIT = 32
const MAX_WAIT_S = 31 * 86_400
const MAX_COUNT = 1_000_000
/** Characters of a word that an error repeats. */
const MAX_SHOWN = 64

/** @param line without its line feed; bytes, a character each @throws {BakError} `usage`: what was wrong, and how it is called */
export function parseCall(line: string): CallRequest {
  const [, call = '', rest = ''] = /^(\S*) ?(.*)$/s.exec(line) ?? []
  if (call === 'quit' && rest === '') return { call }
  if (!isCall(call)) throw new BakError('usage', `there is no call ${shown(call)}: the calls are ${CALLS.join(', ')}`)
  try {
    return parsers[call](rest)
  } catch (cause) {
    throw new BakError('usage', `${(cause as Error).message}; it is called as: ${USAGE[call]}`)
  }
}

const isCall = (word: string): word is CallName => (CALLS as readonly string[]).includes(word)

const parsers: { [N in CallName]: (rest: string) => CallRequest } = {
  barrier(rest) {
    const { words, options } = split(rest, ['group', 'count', 'timeout'])
    const { group } = options
    return {
      call: 'barrier',
      name: only(words),
      ...(group == null ? {} : { group: checkName(group, '--group') }),
      ...countOf(options.count),
      timeout: waitOf(options.timeout ?? `${DEFAULT_WAIT_S}`)
    }
  },
  publish(rest) {
    const { name, value } = named(rest)
    return { call: 'publish', name, value }
  },
  subscribe(rest) {
    const { words, options } = split(rest, ['count', 'timeout'])
    return { call: 'subscribe', name: only(words), ...countOf(options.count), timeout: waitOf(options.timeout ?? '0') }
  },
  put(rest) {
    if (!rest.includes(' ')) throw new Error('a value is missing')
    const { name: key, value } = named(rest)
    return { call: 'put', key, value }
  },
  get(rest) {
    const { words, options } = split(rest, ['timeout'])
    return { call: 'get', key: only(words), timeout: waitOf(options.timeout ?? `${DEFAULT_WAIT_S}`) }
  },
  period(rest) {
    const [edge, ...words] = split(rest, []).words
    if (edge !== 'begin' && edge !== 'end') throw new Error('a period has a begin or an end')
    return { call: 'period', edge, name: only(words) }
  },
  sample(rest) {
    const [name = '', value, ...words] = split(rest, []).words
    const { unit, ...meaning } = readMeaning(words)
    const tooMany = unit?.split(' ')[1]
    if (tooMany != null) throw new Error(`one word too many: ${shown(tooMany)}`)
    if (unit != null && (unit.length > MAX_UNIT || !/^[\x21-\x7e]+$/.test(unit))) {
      throw new Error(`a unit is a word of ${MAX_UNIT} letters at most`)
    }
    const about = { ...(unit == null ? {} : { unit }), ...meaning }
    return { call: 'sample', name: checkName(name, 'NAME'), value: numberOf(value), ...about }
  }
}

/** The value is the rest of the line, with all its spaces. */
function named(rest: string): { name: string; value: Uint8Array } {
  const [, name = '', value = ''] = /^(\S*) ?(.*)$/s.exec(rest) ?? []
  const bytes = unescapeValue(value)
  if (bytes.length > MAX_VALUE_BYTES) {
    throw new Error(`a value has ${MAX_VALUE_BYTES} bytes at most, and this has ${bytes.length}`)
  }
  return { name: checkName(name, 'NAME'), value: bytes }
}

/** Options may stand before and behind words, as `--count 2` and as `--count=2`. */
function split<O extends string>(rest: string, known: O[]): { words: string[]; options: { [K in O]?: string } } {
  const words: string[] = []
  const options: { [K in O]?: string } = {}
  const all = rest.split(' ').filter(word => word !== '')
  for (let at = 0; at < all.length; at++) {
    const word = all[at] as string
    if (!word.startsWith('--')) {
      words.push(word)
      continue
    }
    const [, option = '', given] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? []
    if (!known.includes(option as O)) throw new Error(`there is no option ${shown(word)}`)
    const value = given ?? all[++at]
    if (value == null) throw new Error(`--${option} needs a value`)
    options[option as O] = value
  }
  return { words, options }
}

function only([name = '', ...more]: string[]): string {
  if (more.length > 0) throw new Error(`one word too many: ${shown(more[0] as string)}`)
  return checkName(name, 'NAME')
}

function checkName(given: string, what: string): string {
  if (given === '') throw new Error('a name is missing')
  const { success, output, issues } = v.safeParse(nameSchema, given)
  if (success) return output
  throw new Error(
    `${what} ${shown(given)}: ${given.length > 64 ? 'a name has 64 characters at most' : issues[0].message}`
  )
}

function countOf(text: string | undefined): { count?: number } {
  if (text == null) return {}
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= MAX_COUNT) return { count }
  throw new Error(`--count ${shown(text)}: a number from 1 on`)
}

/** @returns ms */
function waitOf(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : ifPossible(() => readDuration(text) / 1000)
  if (seconds == null || seconds > MAX_WAIT_S) {
    throw new Error(`--timeout ${shown(text)}: seconds, or a time such as 30s or 5m; 0 is without an end`)
  }
  return seconds * 1000
}

function numberOf(text = ''): number {
  const value = Number(text)
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(value)) return value
  throw new Error(text === '' ? 'a value is missing' : `${shown(text)} is not a number`)
}

/** A word as an error repeats it: of printable letters. */
const shown = (word: string) =>
  `"${word.slice(0, MAX_SHOWN).replace(/[^\x20-\x7e]/g, '?')}${word.length > MAX_SHOWN ? '...' : ''}"`
