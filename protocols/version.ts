import { readFileSync } from 'node:fs'

/** Version of bak, from the sources and from what is built alike. */
export const PROGRAM: string = readVersion()

function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
    } catch {}
  }
  return 'unknown'
}
