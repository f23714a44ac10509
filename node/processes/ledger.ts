/**
 * The running process groups and the cgroups of a daemon, on disk for its successor: after a crash `sweep` kills those that are left. A group
 * is the same one if one of its processes has the recorded pid, start time and boot, so that a process that was given the
 * same pid later is never killed.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import * as v from 'valibot'
import { count } from '../../protocols/fields.ts'
import { removeCgroups } from './cgroups.ts'
import { bootId, inspect, isGoneWithin, membersOf, type ProcessFacts, signalGroup } from './process-group.ts'

const entry = v.object({
  group: count,
  processes: v.array(v.object({ pid: count, started: v.string() }))
})
const content = v.object({ boot: v.string(), groups: v.array(entry), cgroups: v.optional(v.array(v.string()), []) })
type Entry = v.InferOutput<typeof entry>
type Content = v.InferOutput<typeof content>

/** How long `sweep` waits for a group that it killed. */
const SWEEP_TIMEOUT_MS = 2_000

export class ProcessLedger {
  readonly #path: string
  readonly #boot = bootId()
  readonly #groups = new Map<number, Entry>()
  #cgroups: string[] = []

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
    try {
      this.#write()
    } catch {
      // an extra entry is harmless: sweep compares start times
    }
  }

  #write(): void {
    const content: Content = { boot: this.#boot, groups: [...this.#groups.values()], cgroups: this.#cgroups }
    writeFileSync(`${this.#path}.new`, `${JSON.stringify(content)}\n`, { mode: 0o600 })
    renameSync(`${this.#path}.new`, this.#path)
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
