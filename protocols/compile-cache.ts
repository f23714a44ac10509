/** The cache of compiled code that makes the programs start faster. */
import { statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { dirname, join } from 'node:path'
import { ownFolder } from './default-home.ts'

/** Keeps compiled code from one start of a program to the next, if no other user can change the cache. */
export function cacheCode(): void {
  const folder = codeCache()
  if (folder != null) enableCompileCache(folder)
}

/** @returns the folder of the cache; undefined if another user may write to it */
export function codeCache(): string | undefined {
  const home = ownFolder()
  if (home == null) return undefined
  // not Node's default below the shared temporary folder: code that another user put there would be run
  const folder = join(process.env.XDG_CACHE_HOME || join(home, '.cache'), 'bak')
  return [home, dirname(folder), folder].every(isOwn) ? folder : undefined
}

/** After `sudo` the home may belong to another user. A path that does not exist yet will belong to this user. */
export function isOwn(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found == null || (found.uid === (process.geteuid?.() ?? found.uid) && (found.mode & 0o002) === 0)
}
