/**
 * Where a path leads on this machine: every link followed, every `..` taken back after that, as the kernel does. What is not
 * there yet counts by the folder it would be in, so that a path can be judged before something is written to it.
 */
import { readlink } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { isCode } from '../store/disk.ts'

/** Links that are followed on one way; what Linux does, path_resolution(7). */
const MAX_LINKS = 40

/** What stands at a path: where a link leads, `there` for all else, `missing`. @throws if it cannot be seen */
export type InspectPath = (path: string) => Promise<{ link: string } | 'there' | 'missing'>

/** @returns the way without links and dots, or undefined where it is relative, leads in circles or cannot be seen */
export async function realPath(path: string, look: InspectPath = inspectOnDisk): Promise<string | undefined> {
  if (!isAbsolute(path)) return undefined
  const ahead = path.split('/').reverse()
  let links = 0
  let at = '/'
  let missing = false
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue
    // nobody knows where the parent of what is not there will be
    if (part === '..' && missing) return undefined
    if (part === '..') {
      at = dirname(at)
      continue
    }
    const next = join(at, part)
    const found: Awaited<ReturnType<InspectPath>> | undefined = missing
      ? 'missing'
      : await look(next).catch(() => undefined)
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

/** Whether a path leads into one of the folders, or to one of them. */
export async function isInside(path: string, folders: string[], look?: InspectPath): Promise<boolean> {
  const real = await realPath(path, look)
  if (real === undefined) return false
  for (const folder of folders) {
    const root = await realPath(folder, look)
    if (root !== undefined && (real === root || real.startsWith(root === '/' ? root : `${root}/`))) return true
  }
  return false
}

async function inspectOnDisk(path: string): ReturnType<InspectPath> {
  try {
    return { link: await readlink(path) }
  } catch (error) {
    if (isCode(error, 'EINVAL')) return 'there'
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return 'missing'
    throw error
  }
}
