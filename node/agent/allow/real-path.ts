/**
 * Resolves a path on this machine as the kernel does: first links, then `..`. A missing file resolves to the path that it would
 * have, so that a path can be checked before it is written to.
 */
import { readlink } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { isCode } from '../../store/disk.ts'

/** Links followed in one path, as in Linux; path_resolution(7). */
const MAX_LINKS = 40

/** The entry at a path: a link with its target, something else that `exists`, or nothing. @throws if it cannot be read */
export type InspectPath = (path: string) => Promise<{ link: string } | 'exists' | 'missing'>

/** @returns the path without links and dots; undefined if it is relative, has a cycle of links or cannot be read */
export async function realPath(path: string, inspect: InspectPath = inspectOnDisk): Promise<string | undefined> {
  if (!isAbsolute(path)) return undefined
  const ahead = path.split('/').reverse()
  let links = 0
  let at = '/'
  let missing = false
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue
    // the parent of a missing name is unknown: it may become a link
    if (part === '..' && missing) return undefined
    if (part === '..') {
      at = dirname(at)
      continue
    }
    const next = join(at, part)
    const found: Awaited<ReturnType<InspectPath>> | undefined = missing
      ? 'missing'
      : await inspect(next).catch(() => undefined)
    if (found === undefined) return undefined
    if (typeof found === 'string') {
      missing = found === 'missing'
      at = next
      continue
    }
    if (++links > MAX_LINKS) return undefined
    if (isAbsolute(found.link)) at = '/'
    ahead.push(...found.link.split('/').reverse())
  }
  return at
}

/** @returns whether a path resolves to one of the folders, or into one */
export async function isInside(path: string, folders: string[], inspect?: InspectPath): Promise<boolean> {
  const real = await realPath(path, inspect)
  if (real === undefined) return false
  for (const folder of folders) {
    const root = await realPath(folder, inspect)
    if (root !== undefined && (real === root || real.startsWith(root === '/' ? root : `${root}/`))) return true
  }
  return false
}

async function inspectOnDisk(path: string): ReturnType<InspectPath> {
  try {
    return { link: await readlink(path) }
  } catch (error) {
    if (isCode(error, 'EINVAL')) return 'exists'
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return 'missing'
    throw error
  }
}
