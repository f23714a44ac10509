/** Files and folders of a small archive, checked and still in memory. */
import { closeSync, futimesSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { isCode } from './disk.ts'
import { yielder } from './yield.ts'

const { dirname, join, relative } = posix

export interface InMemoryEntry {
  /** Relative and without `..`: it has passed `EntryCheck`. */
  path: string
  isFolder: boolean
  mode: number
  mtime?: Date
  body: Uint8Array[]
}

/** @returns the deepest folder that all entries are in; '' if there is none */
export function commonFolder(entries: InMemoryEntry[]): string {
  const [first = [], ...others] = entries.map(({ path, isFolder }) => partsOf(isFolder ? path : dirname(path)))
  const differs = first.findIndex((part, i) => others.some(parts => parts[i] !== part))
  return (differs < 0 ? first : first.slice(0, differs)).join('/')
}

const partsOf = (path: string) => path.split('/').filter(part => part !== '' && part !== '.')

/** Writes entries into an empty folder without other writers. @param at folder of the archive that `root` stands for */
export async function writeInMemoryEntries(
  root: string,
  entries: InMemoryEntry[],
  at: string,
  refuse: (path: string, reason: string) => void
): Promise<void> {
  const maybeYield = yielder()
  const made = new Set([root])
  const ensure = (folder: string) => {
    if (!made.has(folder)) mkdirSync(folder, { recursive: true, mode: 0o755 })
    made.add(folder)
  }
  for (const { path, isFolder, mode, mtime, body } of entries) {
    await maybeYield()
    const target = join(root, relative(join('/', at), join('/', path)))
    ensure(isFolder ? target : dirname(target))
    // on a file system that ignores case two names may be one
    if (!isFolder && !writeNew(target, Buffer.concat(body), mode, mtime)) refuse(path, 'there twice')
  }
}

/** @returns false if the name is taken */
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
