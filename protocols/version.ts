/** The version of bak. */
import { readFileSync } from 'node:fs'

/** Defined by the bundler, since a bundle has no package.json beside it. */
declare const BAK_VERSION: string | undefined

export const PROGRAM: string = typeof BAK_VERSION === 'string' ? BAK_VERSION : readVersion()

function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
    } catch {}
  }
  return 'unknown'
}
