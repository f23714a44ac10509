/** Kernel parameters below /proc/sys. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import type { Collector } from './collector.ts'

const ROOT = '/proc/sys'
const MAX_BYTES = 1024 * 1024
const MAX_VALUE = 4096
/** Values read in one go: a few milliseconds, in which the daemon does nothing else. */
const BATCH = 50

/**
 * Never read: keys of ciphers, what is another at each reading, a folder whose reading mounts something, a file whose
 * reading makes every processor do work.
 */
const SKIPPED =
  /tcp_fastopen_key$|stable_secret$|random\/uuid$|binfmt_misc|stat_refresh$|secret|rss_key$|\/sunrpc\/transports$/

/** All readable values below /proc/sys, `name = value` a line; the lines of a value are joined by ` | `. */
export const sysctl: Collector = {
  file: 'sysctl.txt',
  async collect({ signal, warn }) {
    const lines: string[] = []
    let bytes = 0
    let seen = 0
    for (const path of files(ROOT)) {
      if (++seen % BATCH === 0) await breathe()
      if (signal.aborted || bytes > MAX_BYTES) {
        warn(`sysctl.txt: the first ${lines.length} values only`)
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

/** Synchronous, since each of these thousand reads costs the kernel less than a way through the pool of threads. */
function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (SKIPPED.test(path)) continue
    if (entry.isDirectory()) yield* files(path)
    else if (entry.isFile()) yield path
  }
}

/** @returns undefined for what is for writing only, or is not for this user */
function readValue(path: string): string | undefined {
  try {
    if ((statSync(path).mode & 0o444) === 0) return undefined
    return readFileSync(path, 'utf8').trim().slice(0, MAX_VALUE).replaceAll('\n', ' | ')
  } catch {
    return undefined
  }
}
