/**
 * What the record and `jobs.json` say of jobs held against what members signed: each result is one that its member signed, members signed no others, and
 * the record has what they came to.
 */
import type { CheckedCertificate } from '../certificate.ts'
import type { Envelope } from '../envelope.ts'
import { asBakError } from '../errors.ts'
import { type GraphAt, graphOf } from '../jobs/graph-at.ts'
import { isFinal, JOB_STATES } from '../jobs/job-state.ts'
import { type JobsAnswer, jobsAnswerOf } from '../jobs/jobs-answer.ts'
import { type JobEntry, MAX_JOB_ENTRIES } from '../jobs/jobs-file.ts'
import { readJobsFile } from '../jobs/read-jobs-file.ts'
import { graphKey, JOBS_FILE, RECORD_FILE } from '../layout.ts'
import type { RunRecord } from '../record.ts'
import { faultsInEntry, type KnownEntries, openResult } from './job-entry-check.ts'
import type { Fault } from './report.ts'

/** @param dir the folder of the result @param certificates in the order of their phases */
export async function checkJobs(dir: string, record: RunRecord, certificates: CheckedCertificate[]): Promise<Fault[]> {
  try {
    return faultsOfJobs(await readJobsFile(dir), record, certificates)
  } catch (error) {
    return [{ where: JOBS_FILE, what: asBakError(error).message.replace(`${JOBS_FILE}: `, '') }]
  }
}

/** @param entries undefined where there is no file. Pure. */
export function faultsOfJobs(
  entries: JobEntry[] | undefined,
  record: RunRecord,
  certificates: CheckedCertificate[]
): Fault[] {
  const wrong = (what: string, where = JOBS_FILE): Fault => ({ where, what })
  if (record.spec.job.length === 0)
    return entries == null && record.jobs == null ? [] : [wrong('is there, and the run has no jobs')]
  const answers = answersIn(certificates)
  if (entries == null) {
    // a run that ended before its first graph has none; the daemon that was killed may not have written it
    const isLost = record.verdict === 'failed' || answers.size === 0
    return isLost ? [] : [wrong('is missing: members answered for jobs')]
  }
  const graphs = Map.groupBy(entries, ({ graph }) => graphKey(graph))
  const setup = new Map((graphs.get('setup') ?? []).map(each => [each.job, each]))
  return [
    ...[...graphs.values()].flatMap(graph => faultsInGraph(graph, setup, record).map(what => wrong(what))),
    ...[...answers]
      .flatMap(([key, graph]) => faultsInAnswers(key, graphs.get(key) ?? [], graph, record))
      .map(what => wrong(what)),
    ...faultsInRecord(entries, graphs, record).map(what => wrong(what, RECORD_FILE))
  ]
}

function faultsInGraph(entries: JobEntry[], setup: KnownEntries, record: RunRecord): string[] {
  const { graph } = entries[0] as JobEntry
  const at = graphKey(graph)
  const own = new Map(entries.map(each => [each.job, each]))
  // a need is of the role setup, or of this graph
  const known = new Map([...setup, ...own])
  const due = record.spec.job.filter(({ role }) => role === graph.role)
  const jobs = new Map(due.map(each => [each.name, each]))
  const isWhole = record.verdict === 'ok'
  return [
    ...(own.size === entries.length ? [] : [`${at}: it has a job twice`]),
    ...due.filter(({ name }) => !own.has(name)).map(({ name }) => `${at}: it lacks ${name}`),
    ...entries.flatMap(entry => {
      const job = jobs.get(entry.job)
      if (job == null) return [`${at}: ${entry.job} is no job of the role ${graph.role} in the spec`]
      const open = isFinal(entry.state) || !isWhole ? [] : [`it is ${entry.state}, and the run went well`]
      return [...open, ...faultsInEntry(entry, { record, job, known })].map(what => `${at}: ${entry.job}: ${what}`)
    })
  ]
}

/** What members said of a graph, by peer. */
interface Answered {
  graph: GraphAt
  /** Left out where it could not answer for any. */
  members: Map<string, JobsAnswer>
}

function answersIn(certificates: CheckedCertificate[]): Map<string, Answered> {
  const graphs = new Map<string, Answered>()
  for (const { value, acks } of certificates) {
    if (value?.phase !== 'work' || value.part !== 'jobs') continue
    const graph = graphOf(value)
    const known = graphs.get(graphKey(graph)) ?? { graph, members: new Map() }
    for (const { by, value: ack } of acks) {
      const answer = ack.jobs ?? (ack.outcome === 'ok' ? jobsAnswerOf([]) : undefined)
      if (answer != null && !known.members.has(by)) known.members.set(by, answer)
    }
    graphs.set(graphKey(graph), known)
  }
  return graphs
}

/** Each member answered for exactly those results of it that are here. */
function faultsInAnswers(
  at: string,
  entries: JobEntry[],
  { members }: Answered,
  { roster, verdict }: RunRecord
): string[] {
  const signed = new Map<string, Envelope[]>()
  for (const sealed of entries.flatMap(resultsOf)) {
    try {
      const { by, envelope } = openResult(sealed)
      signed.set(by, [...(signed.get(by) ?? []), envelope])
    } catch {
      // said of its entry
    }
  }
  return [...members].flatMap(([by, told]) => {
    const here = jobsAnswerOf(signed.get(by) ?? [])
    if (told.digest === here.digest && told.results === here.results) return []
    // the last may have been lost with the daemon that was killed
    if (verdict === 'failed' && here.results < told.results) return []
    const name = roster.find(({ peer }) => peer === by)?.name ?? by
    return [`${at}: ${name} answered for ${told.results} results, and ${here.results} of it are here, or others`]
  })
}

/** Those that were signed in this graph. */
const resultsOf = ({ state, result, attempts }: JobEntry): string[] => [
  ...(result == null || state === 'reused' ? [] : [result]),
  ...attempts.flatMap(each => each.result ?? [])
]

function faultsInRecord(
  entries: JobEntry[],
  graphs: ReadonlyMap<string, JobEntry[]>,
  { jobs = {}, workload, verdict }: RunRecord
): string[] {
  const isCut = entries.length >= MAX_JOB_ENTRIES
  const counts = new Map(Map.groupBy(entries, ({ state }) => state))
  const other = JOB_STATES.find(state => (jobs[state] ?? 0) !== (counts.get(state)?.length ?? 0))
  const told = workload.filter(each => each.jobs)
  return [
    ...(isCut || other == null
      ? []
      : [`it says that ${jobs[other] ?? 0} jobs are ${other}; ${counts.get(other)?.length ?? 0} are`]),
    ...told.flatMap(({ step, error }) => {
      const at = graphKey({ role: 'work', step })
      const failed = (graphs.get(at) ?? []).some(
        ({ state }) => state !== 'left-out' && state !== 'done' && state !== 'reused'
      )
      if (failed === (error != null)) return []
      return [`it says that the jobs of ${at} ${error == null ? 'went well' : 'did not go well'}, which is not so`]
    }),
    ...(verdict === 'ok' && entries.some(({ state, role }) => state === 'failed' && role !== 'work')
      ? ['its verdict is ok, and a job around the work has failed']
      : [])
  ]
}
