/**
 * What is in a folder, as the seal of a result has it and as it is compared with it later: the digest of each file, and by name what is
 * neither a file nor a folder with files. A link is its target in words: it is never followed.
 */
import { type Dirent, readdirSync, readlinkSync } from 'node:fs'
import { open, opendir } from 'node:fs/promises'
import { digestOfHandle } from './digest.ts'
import { bytesOf, packedName, rawOf, sealedName } from './file-names.ts'
import { PLAIN } from './plain-file.ts'

export interface FileDigest {
  /** Lower-case hex. */
  sha256: string
  bytes: number
}

export interface Unreadable {
  path: string
  reason: string
}

export interface FolderDigests {
  /** Every regular file by its path, sorted. */
  files: Record<string, FileDigest>
  /** Empty folders, links, sockets and the like by their paths, sorted, in words: `a link to x`. */
  others: Record<string, string>
  /** Files and folders without a digest. */
  unreadable: Unreadable[]
}

export const EMPTY_FOLDER = 'an empty folder'
/** Of the target of a link that is named. */
const MAX_TARGET_LENGTH = 400

interface FolderDigestsOptions {
  /** Paths relative to the folder that are left out, with everything below them. */
  except?: string[]
  signal?: AbortSignal
}

/** One file or folder that cannot be read costs that one. @throws the error of the file system if `root` cannot be listed */
export async function folderDigests(
  root: string,
  { except = [], signal }: FolderDigestsOptions = {}
): Promise<FolderDigests> {
  const excluded = new Set(except.map(rawOf))
  const files: [string, FileDigest][] = []
  const others: [string, string][] = []
  const unreadable: Unreadable[] = []
  const rawRoot = rawOf(root)
  const walk = async (entries: Dirent[], folder: string): Promise<void> => {
    for (const entry of entries) {
      const raw = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (excluded.has(raw)) continue
      const at = `${rawRoot}/${raw}`
      try {
        if (entry.isDirectory()) {
          const below = listRaw(at)
          if (below.length === 0) others.push([sealedName(raw), EMPTY_FOLDER])
          await walk(below, raw)
        } else if (entry.isFile()) files.push([sealedName(raw), await digestOf(at, signal)])
        else others.push([sealedName(raw), describeOther(entry, at)])
      } catch (cause) {
        if (signal?.aborted) throw cause
        unreadable.push({ path: sealedName(raw), reason: reasonOf(cause) })
      }
    }
  }
  await walk(listRaw(rawRoot), '')
  return { files: sorted(files), others: sorted(others), unreadable }
}

const sorted = <T>(entries: [string, T][]) => Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))

/** The entries of a folder, with raw names, in an order that does not depend on the file system or the locale. */
export function listRaw(raw: string): Dirent[] {
  const entries = readdirSync(bytesOf(raw), { withFileTypes: true, encoding: 'latin1' as BufferEncoding })
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

interface RawEntry {
  /** Its raw path. */
  at: string
  isFile: boolean
  isFolder: boolean
}

/** The entries of a folder that may have any number of them, one after the other, as the file system gives them. */
export async function* entriesOf(raw: string): AsyncGenerator<RawEntry> {
  const entries = await opendir(bytesOf(raw) as unknown as string, { encoding: 'buffer' as BufferEncoding })
  for await (const entry of entries) {
    const name = (entry.name as unknown as Buffer).toString('latin1')
    yield { at: `${raw}/${name}`, isFile: entry.isFile(), isFolder: entry.isDirectory() }
  }
}

/** @param at its raw path. @returns what is neither a file nor a folder, in words */
export function describeOther(entry: Pick<Dirent, 'isSymbolicLink' | 'isSocket' | 'isFIFO'>, at: string): string {
  if (entry.isSocket()) return 'a socket'
  if (!entry.isSymbolicLink()) return entry.isFIFO() ? 'a named pipe' : 'a device'
  const target = packedName(readlinkSync(bytesOf(at), 'latin1'))
  return `a link to ${target.length > MAX_TARGET_LENGTH ? `${target.slice(0, MAX_TARGET_LENGTH)}...` : target}`
}

/** @throws if the file cannot be read, or changes while it is */
async function digestOf(raw: string, signal: AbortSignal | undefined): Promise<FileDigest> {
  // neither another file behind a link that took its place, nor a wait for the other end of a pipe
  const handle = await open(bytesOf(raw), PLAIN)
  try {
    const before = await handle.stat()
    if (!before.isFile()) throw new Error('it is no file any more')
    const digest = await digestOfHandle(handle, signal)
    const after = await handle.stat()
    if (before.mtimeMs !== after.mtimeMs || after.size !== digest.bytes) throw new Error('it changed while it was read')
    return digest
  } finally {
    await handle.close()
  }
}

/** @returns why a file cannot be read, in few words and without its path */
export const reasonOf = (cause: unknown): string => (cause as Error).message.replace(/, \w+( '.*')?$/s, '')
