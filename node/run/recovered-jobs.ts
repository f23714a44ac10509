/**
 * What became of jobs in a run whose daemon was killed: of graphs that were written what was written then; of the others, and the one that went on,
 * what the journal says, and what members had signed until then.
 */
import type { Signed } from '../../protocols/envelope.ts'
import type { StoredEvent } from '../../protocols/events.ts'
import type { JobResult } from '../../protocols/jobs/job-result.ts'
import { isFinal, type JobChange } from '../../protocols/jobs/job-state.ts'
import {
  JOBS_FORMAT,
  type JobAttempt,
  type JobEntry,
  MAX_ATTEMPTS,
  MAX_JOB_ENTRIES,
  resultText
} from '../../protocols/jobs/jobs-file.ts'
import { readJobsFile } from '../../protocols/jobs/read-jobs-file.ts'
import { graphKey } from '../../protocols/layout.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { countsOf } from './jobs/run-jobs.ts'

const ENDED = 'the daemon of the controller ended in mid run'

type Of<T extends StoredEvent['type']> = Extract<StoredEvent, { type: T }>

export interface KilledJobs {
  folder: Pick<RunFolder, 'root' | 'writeJobs'>
  record: RunRecord
  events: readonly StoredEvent[]
  /** Those of this run that are known here, the newest first. */
  results: Signed<JobResult>[]
}

/**
 * Writes `jobs.json` anew where the journal has more, and counts the jobs in the record.
 * @returns all of them @throws {BakError} `damaged`, or what else the disk has
 */
export async function recoverJobs({ folder, record, events, results }: KilledJobs): Promise<JobEntry[]> {
  const graphs = events.filter(event => event.type === 'graph')
  if (graphs.length === 0) return []
  const written = (await readJobsFile(folder.root)) ?? []
  const known = new Set(written.map(({ graph }) => graphKey(graph)))
  const found = graphs.filter(({ graph }) => !known.has(graphKey(graph)))
  // of a run of many samples half of the graphs may not be written
  const changes = Map.groupBy(
    events.filter(event => event.type === 'job'),
    event => graphKey(event.graph)
  )
  const signed = Map.groupBy(results, ({ value }) => graphKey(value.graph))
  const entries = found.flatMap(each => {
    const key = graphKey(each.graph)
    return entriesOf(each, changes.get(key) ?? [], signed.get(key) ?? [])
  })
  const jobs = [...written, ...entries].slice(0, MAX_JOB_ENTRIES)
  if (found.length > 0) await folder.writeJobs({ format: JOBS_FORMAT, jobs })
  record.jobs = countsOf(jobs)
  return jobs
}

/** @param told of its jobs @param results of its jobs */
function entriesOf({ graph, jobs }: Of<'graph'>, told: Of<'job'>[], results: Signed<JobResult>[]): JobEntry[] {
  const changes = Map.groupBy(told, ({ job }) => job)
  const signed = new Map<string, Signed<JobResult>>()
  for (const each of results) {
    const { value } = each
    const before = signed.get(value.job)
    if (before == null || before.value.attempt < value.attempt) signed.set(value.job, each)
  }
  return jobs.map(({ job, needs }) => {
    const known = changes.get(job) ?? []
    const last = known.at(-1)
    const about = { graph, job, role: graph.role, needs, attempts: attemptsIn(known), outputs: [] }
    return { ...about, ...stateOf(last), ...resultOf(last, signed.get(job)) }
  })
}

/** Of offers that were refused the journal has nothing. */
function attemptsIn(changes: Of<'job'>[]): JobAttempt[] {
  const attempts = new Map<number, JobAttempt>()
  for (const { state, member, attempt, reason = ENDED, at } of changes) {
    if (attempt == null || member == null) continue
    const before = attempts.get(attempt) ?? { attempt, member, outcome: 'lost' as const, reason: ENDED, offered: at }
    if (state === 'running') attempts.set(attempt, before)
    else if (state === 'queued') attempts.set(attempt, { ...before, outcome: 'lost', reason, ended: at })
    else if (state === 'done' || state === 'failed' || state === 'cancelled') {
      const { reason: _, ...rest } = before
      attempts.set(attempt, { ...rest, outcome: state, ended: at })
    }
  }
  return [...attempts.values()].slice(-MAX_ATTEMPTS)
}

function stateOf(change: JobChange | undefined): Pick<JobEntry, 'state' | 'member' | 'why' | 'reason' | 'from'> {
  if (change == null || !isFinal(change.state)) return { state: 'cancelled', reason: ENDED }
  const { state, member, why, reason, from } = change
  return {
    state,
    ...(member == null ? {} : { member }),
    ...(why == null ? {} : { why }),
    ...(reason == null ? {} : { reason }),
    ...(from == null ? {} : { from })
  }
}

/** Of a job that did not end for this run its result is not taken. */
function resultOf(change: JobChange | undefined, result: Signed<JobResult> | undefined): Partial<JobEntry> {
  if (result == null || (change?.state !== 'done' && change?.state !== 'failed')) return {}
  const { outputs, began, duration } = result.value
  return { by: result.by, outputs, duration, ...(began == null ? {} : { began }), result: resultText(result.envelope) }
}
