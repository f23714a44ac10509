/**
 * Looks at intervals how much a run holds on the disks of this machine, and ends what holds more than the owner allows. What cannot be looked
 * at counts as too much: it would be a place to hide in.
 */
import { lstat, readdir, stat, statfs } from 'node:fs/promises'
import { bytesOf, packedName, rawOf } from '../../protocols/file-names.ts'
import { entriesOf } from '../../protocols/folder-digests.ts'

export interface DiskLimits {
  bytes?: number
  entries?: number
}

/** Between two looks at what programs of others write: with a disk of 2 GB/s it is seen a few GB too late, but no file is larger than all. */
export const LOOK_EVERY_MS = 1_000
/** At what bak's own tools write, which is known to be little: a look is work beside what is measured. */
export const LOOK_SELDOM_MS = 10_000
/** Stays free on each disk, or half of what was free when the run began: a file that a program holds in no way that shows fills a disk, too. */
const LEFT_FREE_BYTES = 256 * 1024 * 1024
/** Open files that are looked at: more would take longer than the interval. */
const MAX_OPEN_FILES = 250_000
/** A file that is deleted and still open lies on a disk of the run, or where anybody may write. */
const FOLDERS_OF_ALL = ['/tmp', '/var/tmp']

interface DiskBudgetInit {
  limits: DiskLimits
  /** What the run writes to. */
  folders(): string[]
  /** Ids of its processes. */
  processes(): number[]
  onExceeded(why: string): void
}

export class DiskBudget {
  readonly #init: DiskBudgetInit
  readonly #room: DiskRoom
  #timer: NodeJS.Timeout | undefined
  #every = Number.POSITIVE_INFINITY
  #looking = false

  constructor(init: DiskBudgetInit, room = new DiskRoom()) {
    this.#init = init
    this.#room = room
  }

  /** The shorter of two intervals holds. */
  start(every: number): void {
    if (every >= this.#every) return
    clearInterval(this.#timer)
    this.#every = every
    this.#timer = setInterval(() => {
      void this.#checkRoom()
      void this.#look()
    }, every).unref()
    void this.#checkRoom()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#every = Number.POSITIVE_INFINITY
  }

  /** Beside a look, which many files make long. */
  async #checkRoom(): Promise<void> {
    this.#end(await this.#room.shortageOf(this.#init.folders()))
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    const { limits, folders, processes } = this.#init
    const why = await excessOf({ folders: folders(), processes: processes() }, limits)
    this.#looking = false
    this.#end(why)
  }

  #end(why: string | undefined): void {
    if (why != null && this.#timer != null) this.#init.onExceeded(why)
  }
}

/** Whether the disks that a run writes to are nearly full. */
export class DiskRoom {
  /** Bytes that stay free on the disk of a folder. */
  readonly #floors = new Map<string, number>()
  readonly #free: (folder: string) => Promise<number>

  constructor(free = freeBytes) {
    this.#free = free
  }

  /** @returns which disk has less left than it must have since it was looked at first, in words */
  async shortageOf(folders: string[]): Promise<string | undefined> {
    for (const folder of folders) {
      const free = await this.#free(folder).catch(() => undefined)
      if (free == null) continue
      const floor = this.#floors.get(folder) ?? Math.min(LEFT_FREE_BYTES, Math.floor(free / 2))
      this.#floors.set(folder, floor)
      if (free < floor) return `less than ${floor} bytes are left on the disk of ${folder}`
    }
    return undefined
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/**
 * Blocks count, not lengths: a sparse file fills no disk. Files that are deleted count for as long as a process has them open.
 * @returns which budget is exceeded, in words
 */
export async function excessOf(
  { folders, processes = [] }: { folders: string[]; processes?: number[] },
  limits: DiskLimits
): Promise<string | undefined> {
  const sum = new Sum(limits)
  try {
    for (const folder of folders) await addTree(sum, rawOf(folder))
    await addDeleted(sum, folders, processes)
    return undefined
  } catch (cause) {
    if (cause instanceof Excess) return cause.message
    throw cause
  }
}

class Excess extends Error {}

class Sum {
  readonly #limits: DiskLimits
  #bytes = 0
  #entries = 0

  constructor(limits: DiskLimits) {
    this.#limits = limits
  }

  /** @throws {Excess} */
  add(blocks: number): void {
    const { bytes = Infinity, entries = Infinity } = this.#limits
    if (++this.#entries > entries)
      throw new Excess(`it made more than ${entries} files and folders: run_limits.entries`)
    this.#bytes += blocks * 512
    if (this.#bytes > bytes) throw new Excess(`it wrote more than ${bytes} bytes: run_limits.bytes`)
  }
}

/** Names are bytes: one that is no UTF-8 is followed, too. */
async function addTree(sum: Sum, root: string): Promise<void> {
  const ahead = [root]
  for (let folder = ahead.pop(); folder != null; folder = ahead.pop()) {
    const path = folder
    await unlessGone(path, async () => {
      for await (const { at, isFolder } of entriesOf(path)) {
        if (isFolder) ahead.push(at)
        // what lies beside one that is gone meanwhile counts all the same
        await unlessGone(at, async () => sum.add((await lstat(bytesOf(at))).blocks))
      }
    })
  }
}

/** @throws {Excess} for what is there and cannot be looked at */
async function unlessGone(raw: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return
    if (cause instanceof Excess) throw cause
    const shown = packedName(raw)
    throw new Excess(`${shown.length > 200 ? `${shown.slice(0, 200)}...` : shown} cannot be looked at (${code})`)
  }
}

/** Only what is on one of these disks: what is in memory alone has no name either. */
async function addDeleted(sum: Sum, folders: string[], processes: number[]): Promise<void> {
  if (processes.length === 0) return
  const disks = await Promise.all([...folders, ...FOLDERS_OF_ALL].map(each => stat(each).catch(() => undefined)))
  const devices = new Set(disks.map(disk => disk?.dev))
  const seen = new Set<string>()
  let open = 0
  for (const pid of processes) {
    const files = `/proc/${pid}/fd`
    for (const name of await readdir(files).catch(() => [])) {
      if (++open > MAX_OPEN_FILES)
        throw new Excess(`it has more than ${MAX_OPEN_FILES} files open, which cannot be looked at`)
      const found = await stat(`${files}/${name}`).catch(() => undefined)
      if (found == null || found.nlink > 0 || !found.isFile() || !devices.has(found.dev)) continue
      const id = `${found.dev} ${found.ino}`
      if (seen.has(id)) continue
      seen.add(id)
      sum.add(found.blocks)
    }
  }
}
