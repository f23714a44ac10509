/** A collector makes one item of a snapshot of the machine; helpers to read /proc and /sys, and to run a program. */
import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { findProgram } from '../../tools/find-program.ts'

export interface Collector {
  /** ms, where it needs longer than most: after this it is left out. */
  deadline?: number
  /** Its text is nobody's secret, and is written as it is. */
  isPublic?: true
  /** @returns the content of its file: a string as text, anything else as JSON; undefined where this machine has none. An error names the item as missing. */
  collect(context: CollectContext): Promise<unknown>
}

export interface CollectContext {
  /** Aborts shortly before the time for the item is over. */
  signal: AbortSignal
  /** Says that the file does not have all that it should, and why. */
  cut(reason: string): void
  /** Says why there is nothing of it on this machine: `collect` returns undefined then. */
  lacks(reason: string): undefined
  /** The folder of this daemon. */
  home: string
  /** For how long counters are watched, ms. */
  watch: number
}

/** @returns the trimmed text of a small file, or undefined if it cannot be read */
export const read = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').then(
    text => text.trim(),
    () => undefined
  )

export async function readNumber(path: string): Promise<number | undefined> {
  const text = await read(path)
  return text == null || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text)
}

/** Reads files of one folder. @returns their texts by name, without those that cannot be read */
export async function readAll(folder: string, names: string[]): Promise<Record<string, string>> {
  const texts = await Promise.all(names.map(async name => [name, await read(`${folder}/${name}`)] as const))
  return Object.fromEntries(texts.filter((entry): entry is [string, string] => entry[1] != null))
}

/** @returns the names in a folder, numbers in them in numeric order; none if it cannot be read */
export async function list(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/** @returns the last part of the target of a link */
export async function linkName(path: string): Promise<string | undefined> {
  return readlink(path).then(basename, () => undefined)
}

/** @returns the values of lines `name: value`, by name */
export function pairsOf(text: string, separator: RegExp | string = ':'): Record<string, string> {
  const pairs = text.split('\n').map(line => {
    const [name = '', ...rest] = line.split(separator)
    return [name.trim(), rest.join(typeof separator === 'string' ? separator : '').trim()] as const
  })
  return Object.fromEntries(pairs.filter(([name]) => name !== ''))
}

/** Bytes of output that a program may give. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

/**
 * Runs a program of the machine, in the language C and with nothing else of this daemon's environment.
 * @returns what it printed, whatever its exit status is; undefined if it is not there. @throws why it gave nothing
 */
export async function ask(program: string, words: string[], { signal }: Pick<CollectContext, 'signal'>) {
  const path = await findProgram(program)
  if (path == null) return undefined
  const env = { LC_ALL: 'C', PATH: process.env.PATH ?? '' }
  const options = { signal, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES, env } as const
  return new Promise<string>((resolve, reject) => {
    execFile(path, words, options, (error, stdout, stderr) => {
      if (error == null || stdout !== '') return resolve(stdout)
      reject(
        new Error(signal.aborted ? 'not read in time' : `${program}: ${stderr.trim().split('\n')[0] || error.message}`)
      )
    })
  })
}

/** Hides what may be a password: in URLs, and after names such as `token=`. */
export function redact(text: string): string {
  return text
    .replace(/(\/\/[^/:@\s]*:)[^/@\s]+@/g, '$1***@')
    .replace(/\b([\w.-]*(?:pass(?:wd|word|phrase)?|secret|token|credentials?|key)[\w.-]*[=:])[^\s,]+/gi, '$1***')
}

/** Names of values that are secret whatever they look like. */
const SECRET = /pass(wd|word|phrase)?$|secret|token|credential|psk|(^|[._-])key$/i

/** @returns the same with what may be a password hidden, in every text and under every name that says so */
export function redactAll(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return SECRET.test(name) && value.trim() !== '' ? '***' : redact(value)
  if (Array.isArray(value)) return value.map(each => redactAll(each, name))
  if (value == null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactAll(each, key)]))
}
