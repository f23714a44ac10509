/** Finds the run that a person means by a job, and what became of its jobs: at the peer that drives it or has its result. */
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { JobRow } from '../../../protocols/jobs/job-records.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import type { Parts } from '../../parts.ts'
import { locateRun, resolveRun } from '../find-run.ts'
import { type Answered, askAll, askRecords, peersHere, type Silent } from './ask-records.ts'
import { entriesOfResults, provenResults } from './proven-results.ts'

/** Rows of this peer among which those of runs that are here are looked for. */
const MOST_ROWS = 1_000
const MAX_NAMED = 4

/** @param run any part of its id; the last run that had a job, or one of that name, where it is left out @throws {BakError} `no-such-run`, `usage` */
export async function runOfJobs(
  parts: Parts,
  { run, job }: { run?: string; job?: string },
  signal: AbortSignal
): Promise<string> {
  if (run != null) return resolveRun(parts, run)
  const [self, ...others] = peersHere(parts)
  const own = await askAll(parts, self == null ? [] : [self], { type: 'jobs', job, limit: MOST_ROWS }, signal)
  const rows = own.told.flatMap(rowsIn)
  const here = new Set(await parts.coordinator.folders())
  const known = latest(rows.filter(row => here.has(row.run) || parts.coordinator.driver(row.run) != null))
  if (known != null) return known
  const { told, silent } = await askAll(parts, others, { type: 'jobs', job, limit: 1 }, signal)
  const found = latest([...rows, ...told.flatMap(rowsIn)])
  if (found != null) return found
  throw new BakError(
    'no-such-run',
    `no run is known ${job == null ? 'that has jobs' : `with a job ${job}`}${unheard([...own.silent, ...silent])}`
  )
}

/** @returns the run of the row that changed last */
function latest(rows: JobRow[]): string | undefined {
  return rows.reduce<JobRow | undefined>((best, row) => (best == null || row.at > best.at ? row : best), undefined)?.run
}

export const rowsIn = ({ answers }: Answered<'jobs'>): JobRow[] => answers.flatMap(({ jobs }) => jobs)

/** @returns the peers that know best what became of a run: who has its folder, who drives or drove it, and this one */
export async function sourcesOf(parts: Parts, run: string, signal: AbortSignal): Promise<string[]> {
  const { feed, members, identity } = parts
  const located = await locateRun(parts, run, signal).catch(() => undefined)
  signal.throwIfAborted()
  const driving = feed.get(run)?.lead.by ?? members.list().find(({ runs }) => runs.some(each => each.run === run))?.peer
  return [...new Set([located?.peer, driving, identity.peer])].filter(
    peer => peer != null && (peer === identity.peer || members.isHere(peer))
  ) as string[]
}

export interface KnownEntries {
  /** The peer whose word it is. */
  peer: string
  entries: JobEntry[]
}

/**
 * Where neither who led the run nor who has its result can be reached: of the jobs whose results any peer has.
 * @returns undefined where nobody knows any @throws {BakError} `not-allowed` where one knows and does not say
 */
export async function entriesOf(
  parts: Parts,
  run: string,
  job: string | undefined,
  signal: AbortSignal
): Promise<KnownEntries | undefined> {
  let refused: BakError | undefined
  for (const peer of await sourcesOf(parts, run, signal)) {
    try {
      const answers = await askRecords(parts, peer, { type: 'entries', run, job }, signal)
      const entries = answers.flatMap(each => each.entries)
      if (entries.length > 0) return { peer, entries }
    } catch (cause) {
      signal.throwIfAborted()
      refused ??= asBakError(cause)
    }
  }
  if (refused?.code === 'not-allowed') throw refused
  const { told } = await askAll(parts, peersHere(parts), { type: 'results', run, job }, signal)
  const results = told.flatMap(({ answers }) => answers.flatMap(each => each.results))
  const entries = entriesOfResults(provenResults(parts, results))
  const [first] = told.filter(({ answers }) => answers.length > 0)
  return first == null || entries.length === 0 ? undefined : { peer: first.peer, entries }
}

/** Who was asked in vain, for the end of a message. */
export const unheard = (silent: ReadonlyArray<Pick<Silent, 'name' | 'reason'>>): string =>
  silent.length === 0
    ? ''
    : `; these did not answer: ${listInWords(
        silent.map(({ name, reason }) => `${name} (${reason})`),
        MAX_NAMED
      )}`
