import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Keeps compiled code from one start of a program to the next. */
export function cacheCode(): void {
  // not Node's default below the shared temporary folder: what lies there would be run
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bak'))
}
