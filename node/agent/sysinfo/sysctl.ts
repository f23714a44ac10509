/** All kernel settings below /proc/sys. */
import { readdirSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { ifPossible, textIn } from '../../if-possible.ts'
import type { Collector } from './collector.ts'

const ROOT = '/proc/sys'
const MAX_FILE_BYTES = 1024 * 1024
const MAX_VALUE_LENGTH = 4096
/** Values between two yields to other work of the daemon: a few milliseconds. */
const BATCH = 50

/**
 * Never read: cipher keys, values that differ at each read, a folder whose read mounts a file system, a file whose read
 * causes work on every processor.
 */
const SKIPPED =
  /tcp_fastopen_key$|stable_secret$|random\/uuid$|binfmt_misc|stat_refresh$|secret|rss_key$|\/sunrpc\/transports$/

/** One line `name = value` per value; the lines of a value are joined by ` | `. */
export const sysctl: Collector = {
  isPublic: true,
  async collect({ signal, cut }) {
    const lines: string[] = []
    let bytes = 0
    let seen = 0
    for (const path of files(ROOT)) {
      if (++seen % BATCH === 0) await setImmediate()
      if (signal.aborted || bytes > MAX_FILE_BYTES) {
        cut(`the first ${lines.length} values only`)
        break
      }
      const value = readValue(path)
      if (value == null) continue
      const line = `${path.slice(ROOT.length + 1).replaceAll('/', '.')} = ${value}`
      bytes += line.length
      lines.push(line)
    }
    return `${lines.sort().join('\n')}\n`
  }
}

/** Synchronous: each of these thousand reads takes less time than a turn of the thread pool. */
function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (SKIPPED.test(path)) continue
    if (entry.isDirectory()) yield* files(path)
    else if (entry.isFile()) yield path
  }
}

/** @returns undefined for a write-only value, or one that this user may not read */
function readValue(path: string): string | undefined {
  const mode = ifPossible(() => statSync(path).mode) ?? 0
  if ((mode & 0o444) === 0) return undefined
  return textIn(path)?.trim().slice(0, MAX_VALUE_LENGTH).replaceAll('\n', ' | ')
}
