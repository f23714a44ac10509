import { statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Keeps compiled code from one start of a program to the next, where nobody else could put other code in its place. */
export function cacheCode(): void {
  // not Node's default below the shared temporary folder: what lies there would be run
  const folder = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const places = [homedir(), folder, join(folder, 'bak')]
  if (places.every(isOwn)) enableCompileCache(join(folder, 'bak'))
}

/** After `sudo` the home may be that of another user. What is not there yet will be this user's own. */
export function isOwn(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found == null || (found.uid === (process.geteuid?.() ?? found.uid) && (found.mode & 0o002) === 0)
}
