/** Looks at intervals how much a run has written on this machine, and ends what writes more than the owner allows. */
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'

export interface DiskLimits {
  bytes?: number
  entries?: number
}

/** Between two looks at what programs of others write: with a disk of 2 GB/s it is seen a few GB too late, but no file is larger than all. */
export const LOOK_EVERY_MS = 1_000
/** At what bak's own tools write, which is known to be little: a look is work beside what is measured. */
export const LOOK_SELDOM_MS = 10_000

export class DiskBudget {
  readonly #limits: DiskLimits
  readonly #folders: () => string[]
  readonly #onExceeded: (why: string) => void
  #timer: NodeJS.Timeout | undefined
  #every = Number.POSITIVE_INFINITY
  #looking = false

  constructor(init: { limits: DiskLimits; folders(): string[]; onExceeded(why: string): void }) {
    this.#limits = init.limits
    this.#folders = init.folders
    this.#onExceeded = init.onExceeded
  }

  /** The shorter of two intervals holds. */
  start(every: number): void {
    if (every >= this.#every) return
    clearInterval(this.#timer)
    this.#every = every
    this.#timer = setInterval(() => void this.#look(), every).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#every = Number.POSITIVE_INFINITY
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    const why = await excessOf(this.#folders(), this.#limits)
    this.#looking = false
    if (why != null && this.#timer != null) this.#onExceeded(why)
  }
}

/** Blocks count, not lengths: a sparse file fills no disk. @returns which budget is exceeded, in words */
export async function excessOf(
  folders: string[],
  { bytes = Infinity, entries = Infinity }: DiskLimits
): Promise<string | undefined> {
  const ahead = [...folders]
  let [size, count] = [0, 0]
  for (let folder = ahead.pop(); folder != null; folder = ahead.pop()) {
    try {
      for await (const entry of await opendir(folder)) {
        const path = join(folder, entry.name)
        if (++count > entries) return `it made more than ${entries} files and folders: run_limits.entries`
        if (entry.isDirectory()) ahead.push(path)
        size += await blocksOf(path)
        if (size > bytes) return `it wrote more than ${bytes} bytes: run_limits.bytes`
      }
    } catch {
      // a folder that is gone meanwhile, or of a name that cannot be followed
    }
  }
  return undefined
}

/** A file that is gone meanwhile fills nothing, and what lies beside it counts all the same. */
const blocksOf = (path: string) =>
  lstat(path).then(
    ({ blocks }) => blocks * 512,
    () => 0
  )
