/** Removes folders of any depth and with any names, and leaves what is to stay. */
import { lstatSync, rmdirSync, rmSync, unlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { bytesOf, rawOf } from '../../protocols/file-names.ts'
import { listRaw } from '../../protocols/folder-digests.ts'
import { isCode, onDisk } from './disk.ts'

export async function removeTree(path: string): Promise<void> {
  await onDisk(path, async () => {
    try {
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
    } catch (cause) {
      // the synchronous one is the C++ library's, which goes into folders whose paths are too long to be named
      if (!isCode(cause, 'ENAMETOOLONG')) throw cause
      rmSync(path, { recursive: true, force: true })
    }
  })
}

/** Removes `path` below `root`, except for what is in `kept`: raw paths relative to `root`. */
export async function removeAllBut(
  root: string,
  path: string,
  kept: ReadonlySet<string>,
  { isSmall = false }: { isSmall?: boolean } = {}
): Promise<void> {
  // of a small folder little is left: a wait for the thread pool would take longer
  if (kept.size === 0 && isSmall) return rmSync(`${root}/${path}`, { recursive: true, force: true })
  if (kept.size === 0) return removeTree(`${root}/${path}`)
  const rawRoot = rawOf(root)
  const remove = (raw: string): boolean => {
    if (kept.has(raw)) return false
    const at = bytesOf(`${rawRoot}/${raw}`)
    if (!lstatSync(at).isDirectory()) return unlinkSync(at) ?? true
    const rest = listRaw(`${rawRoot}/${raw}`).filter(({ name }) => !remove(`${raw}/${name}`))
    return rest.length === 0 && (rmdirSync(at) ?? true)
  }
  await onDisk(`${root}/${path}`, async () => remove(rawOf(path)))
}

/** @returns how many files, and how many bytes, are below a folder; what cannot be listed counts as one file */
export function sizeOfTree(path: string): { files: number; bytes: number } {
  const sum = { files: 0, bytes: 0 }
  const add = (raw: string): void => {
    try {
      const stat = lstatSync(bytesOf(raw), { throwIfNoEntry: false })
      if (stat?.isDirectory()) for (const { name } of listRaw(raw)) add(`${raw}/${name}`)
      else if (stat != null) {
        sum.files++
        sum.bytes += stat.size
      }
    } catch {
      sum.files++
    }
  }
  add(rawOf(path))
  return sum
}
