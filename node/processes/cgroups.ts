/**
 * A cgroup for each run: what a run brings is in it, whatever sessions and process groups it makes, so that all of it can be ended at
 * once and limited as a whole. What a machine has of this is probed once; nothing of it is needed.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ifPossible, textIn } from '../if-possible.ts'
import { type CgroupPlaces, CONTROLLERS, type Controller, cgroupPlaces } from './cgroup-places.ts'
import { type CgroupLimits, diskOf, settingsFor } from './cgroup-settings.ts'

/** All that a killed cgroup needs to become empty; a process that hangs in the kernel is not waited for longer. */
const EMPTY_TIMEOUT_MS = 2_000
const EMPTY_CHECK_MS = 10
const PREFIX = 'bak-'

export interface RunCgroup {
  /** Its folders; by the first all in it are killed. */
  folders: string[]
  /** Files that a process writes its id to. */
  enter: string[]
  /** Ids of the processes in it. */
  processes(): number[]
  /** Kills all that is in it. Never rejects. */
  kill(): Promise<void>
  /** Kills, and removes it. Never rejects. */
  remove(): Promise<void>
}

export class Cgroups {
  readonly #key: string
  readonly #limits: CgroupLimits
  /** The folder of each kind under which a run gets its own. */
  readonly #parents: { unified?: string; v1: CgroupPlaces['v1'] } = { v1: {} }
  /** In words: what a run gets here, and what not, and why. */
  readonly has: string[] = []
  readonly lacks: string[] = []
  readonly #disk: string | undefined

  /** @param key tells the groups of this home from others @param folder where runs write */
  constructor({ key, limits, folder }: { key: string; limits: CgroupLimits; folder: string }, places = ownPlaces()) {
    this.#key = key
    this.#limits = limits
    this.#disk = limits.io == null ? undefined : diskOf(folder)
    this.#probe(places)
  }

  /** @param isLimited false for what the owner of this machine typed @returns undefined where none can be made */
  create(run: string, isLimited = true): RunCgroup | undefined {
    const folders = [this.#parents.unified, ...Object.values(this.#parents.v1)].filter(parent => parent != null)
    if (folders.length === 0) return undefined
    const made: string[] = []
    try {
      for (const parent of new Set(folders)) {
        const path = this.#pathIn(parent, run)
        made.push(path)
        makeFolder(path)
      }
      const { v1 } = this.#parents
      if (isLimited)
        this.#set(
          run,
          this.#parents,
          CONTROLLERS.filter(each => v1[each] == null && this.has.includes(each))
        )
    } catch {
      for (const path of made) removeFolder(path)
      return undefined
    }
    const path = made[0] as string
    return {
      folders: made,
      enter: made.map(each => join(each, 'cgroup.procs')),
      processes: () => processesIn(path),
      kill: () => killCgroup(path),
      remove: () => removeCgroups(made)
    }
  }

  /** Makes a group, sets the limits, and removes it: what fails is not there. */
  #probe({ unified, v1 }: CgroupPlaces): void {
    if (unified != null) this.#probeUnified(unified)
    for (const controller of CONTROLLERS) {
      const wanted = this.#limits[controller]
      if (wanted == null || this.has.includes(controller)) continue
      const parent = v1[controller]
      const why =
        parent == null ? 'no controller that this daemon may use' : this.#try({ v1: { [controller]: parent } })
      if (why == null && parent != null) {
        this.#parents.v1[controller] = parent
        this.has.push(controller)
      } else this.lacks.push(`${controller}: ${why}`)
    }
    if (Object.keys(this.#parents.v1).length > 0 && unified == null) this.has.unshift('kill')
  }

  #probeUnified(unified: string): void {
    const why = this.#try({ unified, v1: {} })
    if (why != null) return void this.lacks.push(`cgroup: ${why}`)
    this.#parents.unified = unified
    this.has.push('kill')
    for (const controller of CONTROLLERS) {
      if (this.#limits[controller] == null || !enable(unified, controller)) continue
      const failed = this.#try({ unified, v1: {} }, [controller])
      if (failed == null) this.has.push(controller)
    }
  }

  #try(parents: { unified?: string; v1: CgroupPlaces['v1'] }, controllers: Controller[] = []): string | undefined {
    const made: string[] = []
    try {
      for (const parent of [parents.unified, ...Object.values(parents.v1)]) {
        if (parent == null) continue
        const path = this.#pathIn(parent, 'probe')
        makeFolder(path)
        made.push(path)
        readFileSync(join(path, 'cgroup.procs'))
      }
      this.#set('probe', parents, controllers)
      return undefined
    } catch (cause) {
      return (cause as Error).message.split(',')[0]
    } finally {
      for (const path of made) removeFolder(path)
    }
  }

  #pathIn(parent: string, run: string): string {
    return join(parent, `${PREFIX}${this.#key}-${run}`)
  }

  /** @param controllers those whose limits are set in v2 */
  #set(run: string, { unified, v1 }: { unified?: string; v1: CgroupPlaces['v1'] }, controllers: Controller[]): void {
    const places = [
      ...Object.entries(v1).map(([controller, parent]) => ({ version: 1 as const, controller, parent })),
      ...(unified == null ? [] : controllers.map(controller => ({ version: 2 as const, controller, parent: unified })))
    ]
    for (const { version, controller, parent } of places) {
      for (const [file, value] of settingsFor(version, controller as Controller, this.#limits, this.#disk))
        writeFileSync(join(this.#pathIn(parent, run), file), value)
    }
  }
}

const ownPlaces = (): CgroupPlaces =>
  cgroupPlaces(textIn('/proc/self/mountinfo') ?? '', textIn('/proc/self/cgroup') ?? '')

/**
 * A group with processes of its own cannot hand a controller to groups in it, but for the root. One that has this daemon alone, as a unit
 * with Delegate=yes, lets it move to a group beside those of runs.
 */
function enable(parent: string, controller: Controller): boolean {
  const control = join(parent, 'cgroup.subtree_control')
  try {
    if (readFileSync(control, 'utf8').split(/\s+/).includes(controller)) return true
    if (!readFileSync(join(parent, 'cgroup.controllers'), 'utf8').split(/\s+/).includes(controller)) return false
    const own = readFileSync(join(parent, 'cgroup.procs'), 'utf8').trim()
    if (own === `${process.pid}`) {
      makeFolder(join(parent, 'bak-daemon'))
      writeFileSync(join(parent, 'bak-daemon', 'cgroup.procs'), own)
    }
    writeFileSync(control, `+${controller}`)
    return true
  } catch {
    return false
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  }
}

function removeFolder(path: string): boolean {
  try {
    rmdirSync(path)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

/** Kills all in a cgroup of bak, also where the kernel has no cgroup.kill. */
export async function killCgroup(path: string): Promise<void> {
  if (!basename(path).startsWith(PREFIX)) return
  const deadline = performance.now() + EMPTY_TIMEOUT_MS
  for (let pids = processesIn(path); pids.length > 0 && performance.now() < deadline; pids = processesIn(path)) {
    try {
      // only a file of the kernel: it is never made
      writeFileSync(join(path, 'cgroup.kill'), '1', { flag: 'r+' })
    } catch {
      // some may have ended
      for (const pid of pids) ifPossible(() => process.kill(pid, 'SIGKILL'))
    }
    await sleep(EMPTY_CHECK_MS)
  }
}

/** Kills what an earlier daemon left in its cgroups, and removes these. */
export async function removeCgroups(paths: string[]): Promise<void> {
  await killCgroup(paths[0] ?? '')
  const deadline = performance.now() + EMPTY_TIMEOUT_MS
  for (const path of paths.filter(each => basename(each).startsWith(PREFIX))) {
    while (!removeFolder(path) && performance.now() < deadline) await sleep(EMPTY_CHECK_MS)
  }
}

function processesIn(path: string): number[] {
  const text = textIn(join(path, 'cgroup.procs')) ?? ''
  return text
    .split('\n')
    .map(Number)
    .filter(pid => pid > 0)
}
