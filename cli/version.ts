import { readFileSync } from 'node:fs'

/** @returns the version of the package, from the sources and from dist alike */
export function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
    } catch {}
  }
  return 'unknown'
}
