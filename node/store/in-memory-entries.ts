/** Files and folders out of a small archive, judged and still in memory. */
import { closeSync, futimesSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { isCode } from './disk.ts'
import { yielder } from './yield.ts'

const { dirname, join, relative } = posix

export interface InMemoryEntry {
  /** Relative, and without `..`: who holds it has asked whether it may come in. */
  path: string
  folder: boolean
  mode: number
  mtime?: Date
  body: Uint8Array[]
}

/** @returns the deepest folder that all of them are in; '' where there is none */
export function commonFolder(held: InMemoryEntry[]): string {
  const [first = [], ...others] = held.map(({ path, folder }) => partsOf(folder ? path : dirname(path)))
  const differs = first.findIndex((part, i) => others.some(parts => parts[i] !== part))
  return (differs < 0 ? first : first.slice(0, differs)).join('/')
}

const partsOf = (path: string) => path.split('/').filter(part => part !== '' && part !== '.')

/** Writes them into a folder that nobody else writes to, and that held nothing. @param at stands for that folder */
export async function writeInMemoryEntries(
  root: string,
  held: InMemoryEntry[],
  at: string,
  refuse: (path: string, reason: string) => void
): Promise<void> {
  const breathe = yielder()
  const made = new Set([root])
  const ensure = (folder: string) => {
    if (!made.has(folder)) mkdirSync(folder, { recursive: true, mode: 0o755 })
    made.add(folder)
  }
  for (const { path, folder, mode, mtime, body } of held) {
    await breathe()
    const target = join(root, relative(join('/', at), join('/', path)))
    ensure(folder ? target : dirname(target))
    // where large and small letters are the same, two names may be one
    if (!folder && !writeNew(target, Buffer.concat(body), mode, mtime)) refuse(path, 'there twice')
  }
}

/** @returns false where the name is taken */
function writeNew(path: string, bytes: Uint8Array, mode: number, mtime: Date | undefined): boolean {
  const file = openNew(path, mode)
  if (file === undefined) return false
  try {
    writeFileSync(file, bytes)
    if (mtime != null) futimesSync(file, new Date(), mtime)
  } finally {
    closeSync(file)
  }
  return true
}

function openNew(path: string, mode: number): number | undefined {
  try {
    return openSync(path, 'wx', mode)
  } catch (error) {
    if (isCode(error, 'EEXIST')) return undefined
    throw error
  }
}
