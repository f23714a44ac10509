import { statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** Keeps compiled code from one start of a program to the next, where nobody else could put other code in its place. */
export function cacheCode(): void {
  const folder = codeCache()
  if (folder != null) enableCompileCache(folder)
}

/** @returns where; undefined where it is not this user's own */
export function codeCache(): string | undefined {
  // not Node's default below the shared temporary folder: what lies there would be run
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bak')
  return [homedir(), dirname(folder), folder].every(isOwn) ? folder : undefined
}

/** After `sudo` the home may be that of another user. What is not there yet will be this user's own. */
export function isOwn(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found == null || (found.uid === (process.geteuid?.() ?? found.uid) && (found.mode & 0o002) === 0)
}
