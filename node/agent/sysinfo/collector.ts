/** A collector writes one file of a snapshot of the machine; helpers to read /proc and /sys. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'

export interface Collector {
  /** Name of the file that it writes: `.json` for a value, `.txt` for text. */
  file: string
  /** @returns the content of the file: a string unchanged, anything else as JSON. An error becomes a warning. */
  collect(context: CollectContext): Promise<unknown>
}

export interface CollectContext {
  /** Aborts shortly before the time for the snapshot is over. */
  signal: AbortSignal
  /** Says that the file does not have all that it should, and why. */
  cut(reason: string): void
}

/** @returns the trimmed text of a small file, or undefined if it cannot be read */
export async function read(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    return undefined
  }
}

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

/** Hides what may be a password: in URLs, and after names such as `token=`. */
export function redact(text: string): string {
  return text
    .replace(/(\/\/[^/:@\s]*:)[^/@\s]+@/g, '$1***@')
    .replace(/\b([\w.-]*(?:pass(?:wd|word|phrase)?|secret|token|credentials?|key)[\w.-]*[=:])[^\s,]+/gi, '$1***')
}
