/** What lists of runs say, read from their records; a record is read again only once it has changed. */
import { readFile, stat } from 'node:fs/promises'
import { type RunRecord, type RunSummary, readSummary } from '../../protocols/record.ts'
import { Limit } from '../limit.ts'

/** Runs of which it is kept; of more the rest is read each time. */
const MOST = 4_096
/** Files at once. */
const AT_ONCE = 16

interface Known {
  /** A record is always written anew: another file, or another time. */
  file: string
  head: RunSummary
}

export class RunIndex {
  readonly #pathOf: (run: string) => string
  readonly #known = new Map<string, Known>()

  /** @param pathOf where the record of a run is */
  constructor(pathOf: (run: string) => string) {
    this.#pathOf = pathOf
  }

  /** @param live the record of a run that goes on; @returns of those runs that have a record that can be read, in their order */
  async of(runs: string[], live: (run: string) => RunRecord | undefined): Promise<RunSummary[]> {
    const limit = new Limit({ total: AT_ONCE })
    const heads = await Promise.all(
      runs.map(run => {
        const record = live(run)
        return record == null ? limit.run(run, () => this.#read(run)).catch(() => undefined) : readSummary(record)
      })
    )
    const here = new Set(runs)
    for (const run of this.#known.keys()) if (!here.has(run)) this.#known.delete(run)
    return heads.filter(head => head != null)
  }

  async #read(run: string): Promise<RunSummary> {
    const path = this.#pathOf(run)
    const { ino, mtimeMs, size } = await stat(path)
    const file = `${ino} ${mtimeMs} ${size}`
    const known = this.#known.get(run)
    if (known?.file === file) return known.head
    const head = readSummary(await readFile(path, 'utf8'))
    if (known != null || this.#known.size < MOST) this.#known.set(run, { file, head })
    return head
  }
}
