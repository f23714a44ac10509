/** The call `job`: what is known of one job of a run, as it was asked for and as it went. */
import type { JobView, ProvenResult } from '../../../protocols/control/jobs.ts'
import type { CallInput, CallResponse, HandlerOptions } from '../../../protocols/control.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { inputsOf, type PlannedInput } from '../../../protocols/jobs/job-inputs.ts'
import { scriptOf } from '../../../protocols/jobs/job-script.ts'
import { variablesOf } from '../../../protocols/jobs/job-variables.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { graphKey } from '../../../protocols/layout.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import { nearest } from '../../../protocols/nearest.ts'
import { type RunRecord, readRecord } from '../../../protocols/record.ts'
import type { Parts } from '../../parts.ts'
import { locateRun } from '../find-run.ts'
import { askAll, peersHere } from './ask-records.ts'
import { entriesOf, type KnownEntries, runOfJobs } from './find-job.ts'
import { nameOf, provenResults } from './proven-results.ts'
import { isGraphOf, readJobReference } from './references.ts'

/** Names in an error. */
const MAX_NAMED = 8

export async function* job(
  parts: Parts,
  { job: text, graph }: CallInput<'job'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'job'>> {
  const about = await findJob(parts, text, graph, signal)
  const { run, entry, known } = about
  const results = await resultsOf(parts, entry, run, signal)
  const record = await recordOf(parts, run, signal)
  yield {
    ...{ run, graph: entry.graph, job: entry.job, state: entry.state, entry },
    at: nameOf(parts, known.peer),
    ...asAsked(record, entry, results),
    graphs: about.all.map(each => graphKey(each.graph)),
    results
  }
}

export interface FoundJob {
  run: string
  /** Of the graph that is meant. */
  entry: JobEntry
  /** Of each graph that has the job. */
  all: JobEntry[]
  known: KnownEntries
}

/**
 * @param text `[RUN/]JOB` @param graph which of several graphs that have it; the last that has begun where it is left out
 * @throws {BakError} `no-such-run`, `usage` for a job or a graph that the run does not have
 */
export async function findJob(
  parts: Parts,
  text: string,
  graph: string | undefined,
  signal: AbortSignal
): Promise<FoundJob> {
  const wanted = readJobReference(text)
  const run = await runOfJobs(parts, wanted, signal)
  const known = (await entriesOf(parts, run, wanted.job, signal)) ?? (await awaited(parts, run, wanted.job, signal))
  if (known == null) throw await noSuchJob(parts, run, wanted.job, signal)
  const entry = chosen(known.entries, graph)
  if (entry != null) return { run, entry, all: known.entries, known }
  const graphs = known.entries.map(each => graphKey(each.graph))
  throw new BakError('usage', `${wanted.job} of ${run} is not in ${graph}: it is in ${listInWords(graphs, MAX_NAMED)}`)
}

/** @returns the job of a run that goes on and has not begun the graph that has it */
async function awaited(parts: Parts, run: string, job: string, signal: AbortSignal): Promise<KnownEntries | undefined> {
  const record = await recordOf(parts, run, signal)
  const spec = record?.spec.job.find(({ name }) => name === job)
  if (record == null || spec == null || record.state === 'ended') return undefined
  const needs = spec.needs.map(each => each.job)
  const entry = { graph: { role: spec.role }, job, role: spec.role, state: 'waiting' as const, needs }
  return { peer: record.controller.peer, entries: [{ ...entry, attempts: [], outputs: [] }] }
}

/** @returns the job of the graph that is meant: of several the one that runs, that began last, or that is first. Pure. */
export function chosen(entries: JobEntry[], graph?: string): JobEntry | undefined {
  const fitting = graph == null ? entries : entries.filter(each => isGraphOf(each.graph, graph))
  const begun = (entry: JobEntry) => entry.began ?? entry.attempts.at(-1)?.offered ?? 0
  return fitting.reduce<JobEntry | undefined>(
    (best, each) => (best == null || begun(each) > begun(best) ? each : best),
    undefined
  )
}

async function noSuchJob(parts: Parts, run: string, job: string, signal: AbortSignal): Promise<BakError> {
  const all = await entriesOf(parts, run, undefined, signal)
  if (all == null) return new BakError('no-such-run', `no peer that can be reached knows jobs of ${run}`)
  const names = [...new Set(all.entries.map(each => each.job))]
  const near = nearest(job, names)
  return new BakError(
    'usage',
    `${run} has no job ${job}${near == null ? `: there are ${listInWords(names, MAX_NAMED)}` : `; did you mean ${near}?`}`
  )
}

/** Of `reused` that of the earlier run. @returns those whose signature is good, the newest first */
export async function resultsOf(
  parts: Parts,
  { job, graph, state, attempts, by, outputs, run: earlier }: JobEntry,
  run: string,
  signal: AbortSignal
): Promise<ProvenResult[]> {
  const isReused = state === 'reused'
  if (!isReused && attempts.every(({ outcome }) => outcome === 'refused')) return []
  const { self } = parts.members
  const asked = peersHere(parts).filter(({ peer }) => peer === by || peer === self.peer)
  const made = isReused ? outputs[0] : undefined
  const { told } =
    made == null
      ? await askAll(
          parts,
          asked,
          { type: 'results', job, ...(isReused ? { run: earlier ?? run } : { run, graph }) },
          signal
        )
      : await askAll(parts, asked, { type: 'provenance', digest: made.digest }, signal)
  const results = provenResults(
    parts,
    told.flatMap(({ answers }) => answers.flatMap(each => each.results))
  )
  return isReused ? results.filter(each => each.run === earlier).slice(0, 1) : results
}

async function recordOf(parts: Parts, run: string, signal: AbortSignal): Promise<RunRecord | undefined> {
  const own = await parts.coordinator.record(run)
  if (own != null) return own
  const located = await locateRun(parts, run, signal).catch(() => undefined)
  signal.throwIfAborted()
  return located?.found?.record == null ? undefined : readRecord(located.found.record)
}

/** What the run file says of it; nothing where the record of the run cannot be had. */
function asAsked(
  record: RunRecord | undefined,
  { job: name, graph }: JobEntry,
  results: ProvenResult[]
): Pick<JobView, 'spec' | 'script' | 'variables' | 'inputs'> {
  const spec = record?.spec.job.find(each => each.name === name)
  const digests = new Map(results[0]?.inputs.map(({ path, digest }) => [path, digest]))
  if (record == null || spec == null)
    return { inputs: [...digests].map(([at, digest]) => ({ at, from: 'unknown', digest })) }
  return {
    spec,
    script: scriptOf(spec),
    variables: variablesOf(spec, record.spec, iterationOf(record, graph)),
    inputs: inputsOf(spec, record.spec.job).map(({ at, from }) => ({
      at,
      from: inWords(from),
      ...(digests.has(at) ? { digest: digests.get(at) } : {})
    }))
  }
}

const iterationOf = ({ spec }: RunRecord, { step }: GraphAt) =>
  step == null ? undefined : spec.iterations[step.number - 1]

function inWords(from: PlannedInput['from']): string {
  if (from.type === 'job') return `${from.job}/${from.output}`
  if (from.type === 'path') return from.path
  return from.type === 'url' ? from.url : `the result: ${from.path}`
}
