import { readFileSync } from 'node:fs'

/** Put in where all is bundled into one file, and no package.json is beside it. */
declare const BAK_VERSION: string | undefined

/** Version of bak, from the sources and from what is built alike. */
export const PROGRAM: string = typeof BAK_VERSION === 'string' ? BAK_VERSION : readVersion()

function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
    } catch {}
  }
  return 'unknown'
}
