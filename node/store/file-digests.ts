/** The digests of all files of a folder, such as the result of a run. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { digestOfFile } from '../../protocols/digest.ts'
import { onDisk } from './disk.ts'

interface FileDigest {
  /** Lower-case hex. */
  sha256: string
  bytes: number
}

interface FileDigestOptions {
  /** Paths relative to the folder that are left out, with everything below them. */
  except?: string[]
  signal?: AbortSignal
}

/** @returns the digest of every regular file below `root` by its path, sorted; links are neither followed nor listed */
export async function fileDigests(
  root: string,
  { except = [], signal }: FileDigestOptions = {}
): Promise<Record<string, FileDigest>> {
  const excluded = new Set(except)
  const found: Record<string, FileDigest> = {}
  const walk = async (folder: string): Promise<void> => {
    for (const entry of listSorted(join(root, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (excluded.has(path)) continue
      if (entry.isDirectory()) await walk(path)
      else if (entry.isFile()) found[path] = await digestOfFile(join(root, path), signal)
    }
  }
  await onDisk(root, () => walk(''))
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The entries of a folder in an order that does not depend on the file system or the locale. */
export function listSorted(folder: string) {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}
