/** Looks at intervals how much a run has written on this machine, and ends what writes more than the owner allows. */
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'

export interface DiskLimits {
  bytes?: number
  entries?: number
}

/** Between two looks; a disk that writes 2 GB/s is found a few GB too late. */
const LOOK_EVERY_MS = 1_000

export class DiskBudget {
  readonly #limits: DiskLimits
  readonly #folders: () => string[]
  readonly #onExceeded: (why: string) => void
  #timer: NodeJS.Timeout | undefined
  #looking = false

  constructor(init: { limits: DiskLimits; folders(): string[]; onExceeded(why: string): void }) {
    this.#limits = init.limits
    this.#folders = init.folders
    this.#onExceeded = init.onExceeded
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#look(), LOOK_EVERY_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
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
        size += (await lstat(path)).blocks * 512
        if (size > bytes) return `it wrote more than ${bytes} bytes: run_limits.bytes`
      }
    } catch {
      // gone meanwhile, or of a name that cannot be followed
    }
  }
  return undefined
}
