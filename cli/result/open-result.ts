/** Opens a result that is on this machine: its record, its journal, and where the series of its members are. */
import { lstat, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RunView } from '../../protocols/control.ts'
import { BakError, whyOf } from '../../protocols/errors.ts'
import type { StoredEvent } from '../../protocols/events.ts'
import {
  collectedSeriesFile,
  iterationFolder,
  parseResultPath,
  persistentSeriesFolder,
  RECORD_FILE,
  SERIES_FILE,
  sampleFolder,
  seriesFolder
} from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { type RunRecord, readRecord } from '../../protocols/record.ts'
import type { Context } from '../command.ts'
import { readJournal } from '../journal.ts'
import { findResult } from './find-result.ts'

const COLLECTORS = ['prometheus', 'pcp']

/** A sample, and where the series of each member are that has some; members in the order of the roster. */
export interface ResultSample {
  step: Step
  series: Map<string, string>
}

export interface Result {
  run: string
  folder: string
  record: RunRecord
  /** What the daemon says of it; nothing of one that was opened by its path, or without a daemon. */
  view?: RunView
  /** By iteration, its warm-ups first. */
  samples: ResultSample[]
  /** Where the series of persistent tools are, by member. */
  persistent: Map<string, string>
  /** Where those are that collectors of the controller have of tools of members: by collector, by member. */
  collected: Array<Map<string, string>>
  /** Every event; none if it has no journal. */
  journal(): Promise<StoredEvent[]>
}

/**
 * @param run a folder, any unique part of a run id, or `last`
 * @throws {BakError} `no-such-run` if it is not on this machine, `damaged`
 */
export async function openResult(context: Pick<Context, 'home' | 'ask'>, run: string): Promise<Result> {
  const { folder, view } = await findResult(context, run)
  if (folder == null) throw elsewhere(view as RunView)
  return { ...(await openFolder(folder, view?.record)), ...(view == null ? {} : { view }) }
}

/**
 * @param text of its record, where that is known
 * @throws {BakError} `no-such-run` without a record, `damaged`
 */
export async function openFolder(folder: string, text?: string): Promise<Result> {
  const record = readRecord(text ?? (await readRecordIn(folder)))
  const names = record.roster.map(({ name }) => name)
  const samples: ResultSample[] = []
  for (const step of await stepsIn(folder))
    samples.push({ step, series: await seriesOf(folder, names, member => seriesFolder(step, member)) })
  return {
    ...{ run: record.run, folder, record, samples },
    persistent: await seriesOf(folder, names, persistentSeriesFolder),
    collected: await Promise.all(
      COLLECTORS.map(of => seriesOf(folder, names, member => dirname(collectedSeriesFile(of, member))))
    ),
    journal: () => readJournal(folder)
  }
}

async function readRecordIn(folder: string): Promise<string> {
  const path = join(folder, RECORD_FILE)
  return readFile(path, 'utf8').catch(cause => {
    throw new BakError('no-such-run', `${path}: ${whyOf(cause)}`, { cause })
  })
}

function elsewhere({ run, holder, moved }: RunView): BakError {
  const where =
    moved != null
      ? `it was moved to ${moved}; bak copy ${run} FOLDER there`
      : holder == null
        ? 'no peer that can be reached has it'
        : `it is on ${holder}: bak copy ${run} FOLDER there`
  return new BakError('no-such-run', `the result of ${run} is not on this machine; ${where}`)
}

async function stepsIn(folder: string): Promise<Step[]> {
  const steps: Step[] = []
  for (const iteration of (await namesIn(folder)).filter(each => /^\d/.test(each))) {
    for (const sample of await namesIn(join(folder, iteration))) {
      const parsed = parseResultPath(`${iteration}/${sample}/workload/x`)
      if (parsed?.kind === 'workload') steps.push(parsed.step)
    }
  }
  return steps.sort(
    (a, b) => a.number - b.number || Number(b.warmup ?? false) - Number(a.warmup ?? false) || a.sample - b.sample
  )
}

async function seriesOf(folder: string, members: string[], folderOf: (member: string) => string) {
  const found = new Map<string, string>()
  for (const member of members) {
    const path = join(folder, folderOf(member), SERIES_FILE)
    // what is no file of its own, such as a link, is left alone
    if ((await lstat(path).catch(() => undefined))?.isFile()) found.set(member, path)
  }
  return found
}

const namesIn = (folder: string) => readdir(folder).catch((): string[] => [])

/** `1-4k`, `1-4k/sample2`, or `*`: what --sample may say of a step. */
export const isSampleOf = (step: Step, fits: (text: string) => boolean): boolean =>
  fits(iterationFolder(step)) || fits(`${iterationFolder(step)}/${sampleFolder(step)}`) || fits(step.name)
