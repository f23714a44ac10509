/** Which entries of an archive may be unpacked: a decision on names and types alone. */
import { posix } from 'node:path'
import { CONTROL } from '../../protocols/file-names.ts'

/** The fields of an entry's header that the decision depends on. */
interface Entry {
  path: string
  type: string
}

const FILE_TYPES = ['File', 'OldFile', 'ContiguousFile']
const MAX_NAME_BYTES = 255
const MAX_PATH_BYTES = 2048
const MAX_DEPTH = 64

/** Checks the entries of one archive in their order; the verdict on each may depend on those before it. */
export class EntryCheck {
  readonly #allow: string[]
  readonly #seen = new Map<string, 'file' | 'folder'>()

  /** @param allow folders or files that entries must be, or be inside of; `.` allows every path */
  constructor(allow: string[]) {
    this.#allow = allow.filter(each => each !== '').map(plain)
  }

  /** @returns why the entry must not be unpacked, or undefined if it may */
  refusalOf({ path, type }: Entry): string | undefined {
    const isFolder = type === 'Directory'
    if (!isFolder && !FILE_TYPES.includes(type)) return `not a file or folder but ${type}`
    const reason = refusalOfName(path) ?? this.#refusalOfPlace(plain(path), isFolder)
    if (reason === undefined) this.#note(plain(path), isFolder)
    return reason
  }

  #refusalOfPlace(path: string, isFolder: boolean): string | undefined {
    if (path === '.') return isFolder ? undefined : 'not a name'
    if (!this.#allow.some(each => each === '.' || path === each || path.startsWith(`${each}/`))) {
      // an ancestor of an allowed path brings no content of its own
      if (!(isFolder && this.#allow.some(each => each.startsWith(`${path}/`)))) return 'outside of the allowed paths'
    }
    if (ancestors(path).some(each => this.#seen.get(each) === 'file')) return 'below a file'
    const before = this.#seen.get(path)
    return before === undefined || (isFolder && before === 'folder') ? undefined : 'there twice'
  }

  #note(path: string, isFolder: boolean): void {
    for (const each of ancestors(path)) this.#seen.set(each, 'folder')
    this.#seen.set(path, isFolder ? 'folder' : 'file')
  }
}

/** @returns a name for messages: control characters are escaped, and its length is bounded */
export const printable = (path: string) =>
  JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}...` : path).slice(1, -1)

/** @returns why no entry of an archive may have this path; a sender asks it, too */
export function refusalOfName(path: string): string | undefined {
  if (path.startsWith('/')) return 'an absolute path'
  const parts = path.split('/')
  if (parts.includes('..')) return "a path with '..'"
  if (CONTROL.test(path)) return 'a name with control characters'
  if (parts.length > MAX_DEPTH) return `too long: more than ${MAX_DEPTH} folders deep`
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `too long: more than ${MAX_PATH_BYTES} bytes`
  const isLong = parts.some(part => Buffer.byteLength(part) > MAX_NAME_BYTES)
  return isLong ? `too long: a name of more than ${MAX_NAME_BYTES} bytes` : undefined
}

const plain = (path: string) => posix.normalize(path).replace(/(?<=.)\/+$/, '')

/** @returns the ancestors of a relative path, the outermost first */
export function ancestors(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'))
}
