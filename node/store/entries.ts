/** Which entries of an archive may come in: a decision on names and types alone. */
import { posix } from 'node:path'

/** What of an entry's header is judged. */
export interface Entry {
  path: string
  type: string
}

const FILES = ['File', 'OldFile', 'ContiguousFile']
const MAX_PART = 255
const MAX_PATH = 2048
const MAX_DEPTH = 64
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/

/** Judges the entries of one archive in their order; each may depend on those before it. */
export class Judge {
  readonly #allow: string[]
  readonly #seen = new Map<string, 'file' | 'folder'>()

  /** @param allow folders or files that entries must be, or be inside of; `.` allows every path */
  constructor(allow: string[]) {
    this.#allow = allow.filter(each => each !== '').map(plain)
  }

  /** @returns why the entry must not come in, or undefined if it may */
  refuse({ path, type }: Entry): string | undefined {
    const folder = type === 'Directory'
    if (!folder && !FILES.includes(type)) return `not a file or folder but ${type}`
    const reason = refuseName(path) ?? this.#refusePlace(plain(path), folder)
    if (reason === undefined) this.#note(plain(path), folder)
    return reason
  }

  #refusePlace(path: string, folder: boolean): string | undefined {
    if (path === '.') return folder ? undefined : 'not a name'
    if (!this.#allow.some(each => each === '.' || path === each || path.startsWith(`${each}/`))) {
      // a folder on the way to an allowed one brings nothing with it
      if (!(folder && this.#allow.some(each => each.startsWith(`${path}/`)))) return 'outside of what was agreed'
    }
    if (ancestors(path).some(each => this.#seen.get(each) === 'file')) return 'below a file'
    const before = this.#seen.get(path)
    return before === undefined || (folder && before === 'folder') ? undefined : 'there twice'
  }

  #note(path: string, folder: boolean): void {
    for (const each of ancestors(path)) this.#seen.set(each, 'folder')
    this.#seen.set(path, folder ? 'folder' : 'file')
  }
}

/** A name that can be shown: control characters are spelled out, and it is not long. */
export const shown = (path: string) =>
  JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}...` : path).slice(1, -1)

function refuseName(path: string): string | undefined {
  if (path.startsWith('/')) return 'an absolute path'
  const parts = path.split('/')
  if (parts.includes('..')) return "a path with '..'"
  if (CONTROL.test(path)) return 'a name with control characters'
  if (parts.length > MAX_DEPTH || Buffer.byteLength(path) > MAX_PATH) return 'too long'
  return parts.some(part => Buffer.byteLength(part) > MAX_PART) ? 'too long' : undefined
}

const plain = (path: string) => posix.normalize(path).replace(/(?<=.)\/+$/, '')

function ancestors(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'))
}
