/** Summaries of runs for lists, read from their records; a record is read again only if it has changed. */
import { type RunRecord, type RunSummary, readSummary } from '../../protocols/record.ts'
import { Limit } from '../limit.ts'
import type { RunFolder } from '../store/run-folder.ts'

/** Runs whose summary is cached; those of further runs are read each time. */
const MAX_CACHED = 4_096
/** Records that are read at the same time. */
const MAX_READS = 16

interface Known {
  /** A record that is written again has another. */
  stamp: string
  summary: RunSummary
}

export class RunIndex {
  readonly #folderOf: (run: string) => RunFolder
  readonly #known = new Map<string, Known>()

  constructor(folderOf: (run: string) => RunFolder) {
    this.#folderOf = folderOf
  }

  /** @param live the record of a run that goes on; @returns of those runs that have a record that can be read, in their order */
  async of(runs: string[], live: (run: string) => RunRecord | undefined): Promise<RunSummary[]> {
    const limit = new Limit({ total: MAX_READS })
    const summaries = await Promise.all(
      runs.map(run => {
        const record = live(run)
        return record == null ? limit.run(run, () => this.#read(run)).catch(() => undefined) : readSummary(record)
      })
    )
    const here = new Set(runs)
    for (const run of this.#known.keys()) if (!here.has(run)) this.#known.delete(run)
    return summaries.filter(summary => summary != null)
  }

  async #read(run: string): Promise<RunSummary> {
    const folder = this.#folderOf(run)
    const stamp = await folder.stampOfRecord()
    const known = this.#known.get(run)
    if (known?.stamp === stamp) return known.summary
    const summary = readSummary(await folder.readRecordText())
    if (known != null || this.#known.size < MAX_CACHED) this.#known.set(run, { stamp, summary })
    return summary
  }
}
