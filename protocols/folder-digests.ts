/** The digests of all files of a folder: what the seal of a result is made of, and what is compared with it. */
import { type Dirent, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { digestOfHandle } from './digest.ts'
import { bytesOf, rawOf, sealedName } from './file-names.ts'

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
  /** Every regular file by its path, sorted; links are neither followed nor listed. */
  files: Record<string, FileDigest>
  /** Files and folders without a digest. */
  unreadable: Unreadable[]
}

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
  const unreadable: Unreadable[] = []
  const rawRoot = rawOf(root)
  const walk = async (entries: Dirent[], folder: string): Promise<void> => {
    for (const entry of entries) {
      const raw = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (excluded.has(raw)) continue
      const at = `${rawRoot}/${raw}`
      try {
        if (entry.isDirectory()) await walk(listRaw(at), raw)
        else if (entry.isFile()) files.push([sealedName(raw), await digestOf(at, signal)])
      } catch (cause) {
        if (signal?.aborted) throw cause
        unreadable.push({ path: sealedName(raw), reason: reasonOf(cause) })
      }
    }
  }
  await walk(listRaw(rawRoot), '')
  return { files: Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1))), unreadable }
}

/** The entries of a folder, with raw names, in an order that does not depend on the file system or the locale. */
export function listRaw(raw: string): Dirent[] {
  const entries = readdirSync(bytesOf(raw), { withFileTypes: true, encoding: 'latin1' as BufferEncoding })
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** @throws if the file cannot be read, or changes while it is */
async function digestOf(raw: string, signal: AbortSignal | undefined): Promise<FileDigest> {
  const handle = await open(bytesOf(raw), 'r')
  try {
    const before = await handle.stat()
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
