/** Summaries of runs for lists, read from their records; a record is read again only if its folder has changed. */
import { type RunRecord, type RunSummary, readSummary } from '../../protocols/record.ts'
import { allTags } from '../../protocols/tags.ts'
import { InTurn } from '../in-turn.ts'
import { Limit } from '../limit.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { KeptSummary, SummaryFile } from '../store/summary-file.ts'
import { yielder } from '../store/yield.ts'

/** Records that are read at the same time. */
const MAX_READS = 16
/** Summaries that are read before they are kept. */
const BATCH = 256

export class RunIndex {
  readonly #folderOf: (run: string) => RunFolder
  readonly #file: SummaryFile
  readonly #turn = new InTurn()

  /** @param file keeps the summaries from one list to the next, also over the end of a daemon */
  constructor(folderOf: (run: string) => RunFolder, file: SummaryFile) {
    this.#folderOf = folderOf
    this.#file = file
  }

  /** @param live the record of a run that goes on; @returns of those runs that have a record that can be read, in their order */
  of(runs: string[], live: (run: string) => RunRecord | undefined): Promise<RunSummary[]> {
    // two lists at once would read the same records
    return this.#turn.run(() => this.#of(runs, live))
  }

  async #of(runs: string[], live: (run: string) => RunRecord | undefined): Promise<RunSummary[]> {
    const here = new Set(runs)
    const found = new Map<string, RunSummary>()
    const gone: string[] = []
    const pause = yielder()
    for await (const { run, stamp, text } of this.#file.rows()) {
      if (!here.has(run)) gone.push(run)
      else if (stamp === this.#folderOf(run).stamp()) {
        const kept = keptSummary(run, text)
        if (kept != null) found.set(run, kept)
      }
      await pause()
    }
    await this.#file.write([], gone)
    const unread: string[] = []
    for (const run of runs) {
      const record = live(run)
      if (record != null) found.set(run, await this.#withTags(run, readSummary(record)))
      else if (!found.has(run)) unread.push(run)
    }
    for (let i = 0; i < unread.length; i += BATCH)
      for (const summary of await this.#readAll(unread.slice(i, i + BATCH))) found.set(summary.run, summary)
    return runs.flatMap(run => found.get(run) ?? [])
  }

  /** @returns of those that can be read, which are kept from now on */
  async #readAll(runs: string[]): Promise<RunSummary[]> {
    const limit = new Limit({ total: MAX_READS })
    const read = await Promise.all(runs.map(run => limit.run(run, () => this.#read(run)).catch(() => undefined)))
    const fresh = read.flatMap(each => each?.kept ?? [])
    await this.#file.write(fresh, [])
    return read.flatMap(each => each?.summary ?? [])
  }

  async #read(run: string): Promise<{ summary: RunSummary; kept?: KeptSummary }> {
    const folder = this.#folderOf(run)
    const stamp = folder.stamp()
    const summary = await this.#withTags(run, readSummary(await folder.readRecordText()))
    // one that is not of this run is as its folder was filled, by hand
    return { summary, ...(stamp != null && { kept: { run, stamp, text: JSON.stringify(summary) } }) }
  }

  async #withTags(run: string, { tags, ...summary }: RunSummary): Promise<RunSummary> {
    const all = allTags(tags ?? {}, await this.#folderOf(run).laterTags())
    return { ...summary, ...(Object.keys(all).length > 0 && { tags: all }) }
  }
}

/** @returns undefined for what was not written here: it is read from its record again */
function keptSummary(run: string, text: string): RunSummary | undefined {
  try {
    const kept = JSON.parse(text)
    return kept?.run === run ? kept : undefined
  } catch {
    return undefined
  }
}
