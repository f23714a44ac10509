/**
 * The running process groups and the cgroups of a daemon, on disk for its successor: after a crash `sweep` kills those that are left. A group
 * is the same one if one of its processes has the recorded pid, start time and boot, so that a process that was given the
 * same pid later is never killed.
 */
import { closeSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import * as v from 'valibot'
import { count } from '../../protocols/fields.ts'
import { ifPossible } from '../if-possible.ts'
import { removeCgroups } from './cgroups.ts'
import { bootId, inspect, isGoneWithin, membersOf, type ProcessFacts, signalGroup } from './process-group.ts'

const entry = v.object({
  group: count,
  processes: v.array(v.object({ pid: count, started: v.string() }))
})
const content = v.object({ boot: v.string(), groups: v.array(entry), cgroups: v.optional(v.array(v.string()), []) })
type Entry = v.InferOutput<typeof entry>
type Content = v.InferOutput<typeof content>

/** A write of no more than a page is not cut short by what kills the daemon. */
const PAGE_BYTES = 4096

/** How long `sweep` waits for a group that it killed. */
const SWEEP_TIMEOUT_MS = 2_000

export class ProcessLedger {
  readonly #path: string
  readonly #boot = bootId()
  readonly #groups = new Map<number, Entry>()
  #cgroups: string[] = []
  /** Bytes of the file; 0 while there is none. */
  #length = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Records a group, or its present processes. @throws the error of the file system */
  put(group: number, processes: ProcessFacts[]): void {
    this.#groups.set(group, { group, processes: processes.map(({ pid, started }) => ({ pid, started })) })
    this.#write()
  }

  /** Records the folders of the cgroups that there are. @throws the error of the file system */
  putCgroups(folders: string[]): void {
    this.#cgroups = folders
    this.#write()
  }

  delete(group: number): void {
    if (!this.#groups.delete(group)) return
    // an extra entry is harmless: sweep compares start times
    ifPossible(() => this.#write())
  }

  #write(): void {
    const content: Content = { boot: this.#boot, groups: [...this.#groups.values()], cgroups: this.#cgroups }
    const text = `${JSON.stringify(content)}\n`
    if (this.#writeOver(text)) return
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 })
    renameSync(`${this.#path}.new`, this.#path)
    this.#length = Buffer.byteLength(text)
  }

  /** A new file in the place of another makes many file systems write it to the disk at once. @returns false where it must be one */
  #writeOver(text: string): boolean {
    const bytes = Buffer.from(text.padEnd(this.#length))
    if (this.#length === 0 || bytes.length > PAGE_BYTES) return false
    let file: number | undefined
    try {
      file = openSync(this.#path, 'r+')
      this.#length = bytes.length
      return writeSync(file, bytes, 0, bytes.length, 0) === bytes.length
    } catch {
      return false
    } finally {
      if (file != null) closeSync(file)
    }
  }
}

/**
 * Kills what a dead daemon left running, and removes its ledger. The daemon must have ended.
 * @returns how many groups were killed
 */
export async function sweep(path: string): Promise<number> {
  const { groups, cgroups } = await read(path)
  const left = groups.filter(entry => isSame(entry) && membersOf(entry.group).length > 0)
  await Promise.all(cgroups.map(folder => removeCgroups([folder])))
  // those that were in a cgroup are gone, and their numbers may be others'
  for (const entry of left) if (isSame(entry)) signalGroup(entry.group, 'SIGKILL')
  await Promise.all(left.map(({ group }) => isGoneWithin(group, SWEEP_TIMEOUT_MS)))
  await rm(path, { force: true })
  return left.length
}

async function read(path: string): Promise<Omit<Content, 'boot'>> {
  try {
    const { boot, ...found } = v.parse(content, JSON.parse(await readFile(path, 'utf8')))
    if (boot !== '' && boot === bootId()) return found
  } catch {
    // none, or damaged
  }
  return { groups: [], cgroups: [] }
}

function isSame({ group, processes }: Entry): boolean {
  return processes.some(({ pid, started }) => {
    const facts = inspect(pid)
    return facts?.started === started && facts.group === group
  })
}
