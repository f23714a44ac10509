/** Summaries of runs for lists, read from their records; a record is read again only if its folder has changed. */
import { type RunRecord, type RunSummary, readSummary } from '../../protocols/record.ts'
import { allTags } from '../../protocols/tags.ts'
import { InTurn } from '../in-turn.ts'
import { eachLimited } from '../limit.ts'
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
        const summary = summaryIn(text)
        if (summary != null) found.set(run, summary)
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
      for (const [run, summary] of await this.#readAll(unread.slice(i, i + BATCH))) found.set(run, summary)
    return runs.flatMap(run => found.get(run) ?? [])
  }

  /** @returns of those that can be read, which are kept from now on */
  async #readAll(runs: string[]): Promise<Array<[run: string, summary: RunSummary]>> {
    const read = await Promise.all(eachLimited(runs, MAX_READS, run => this.#read(run).catch(() => undefined)))
    const found = read.filter(each => each != null)
    const kept = found.flatMap(({ run, stamp, summary }): KeptSummary[] =>
      stamp == null ? [] : [{ run, stamp, text: JSON.stringify(summary) }]
    )
    await this.#file.write(kept, [])
    return found.map(({ run, summary }) => [run, summary])
  }

  async #read(run: string): Promise<{ run: string; stamp: string | undefined; summary: RunSummary }> {
    const folder = this.#folderOf(run)
    const stamp = folder.stamp()
    return { run, stamp, summary: await this.#withTags(run, readSummary(await folder.readRecordText())) }
  }

  async #withTags(run: string, { tags, ...summary }: RunSummary): Promise<RunSummary> {
    const all = allTags(tags ?? {}, await this.#folderOf(run).laterTags())
    return { ...summary, ...(Object.keys(all).length > 0 && { tags: all }) }
  }
}

/** @returns undefined for what a power cut has left */
function summaryIn(text: string): RunSummary | undefined {
  try {
    const summary = JSON.parse(text)
    return typeof summary?.run === 'string' ? summary : undefined
  } catch {
    return undefined
  }
}
