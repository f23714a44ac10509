/** Gathers what a report shows of jobs, from `jobs.json`. */
import { whyOf } from '../../../protocols/errors.ts'
import { hasJobs, jobsOf } from '../../../protocols/jobs/job.ts'
import { bytesOfOutputs } from '../../../protocols/jobs/job-result.ts'
import type { JobAttempt, JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { readJobsFile } from '../../../protocols/jobs/read-jobs-file.ts'
import { JOBS_FILE } from '../../../protocols/layout.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { formatBytes } from '../../format.ts'
import { describeFailures, failuresIn, whyOfJob } from '../../jobs/causes.ts'
import { attemptsOf, endedJob, type GraphEntries, graphsIn } from '../../jobs/job-entries.ts'
import { describeCounts, nameOfGraph, stateInWords } from '../../jobs/job-progress.ts'
import { rootOutputs } from '../../jobs/root-outputs.ts'
import type { Unread } from '../member-index.ts'
import type { Table } from '../report-data.ts'
import type { BarKind, JobBar, JobsData } from './jobs-data.ts'
import { lanesOf } from './lanes.ts'

/** Bars of one page, of many the longest, and outputs. */
const MAX_BARS = 5_000
const MAX_OUTPUTS = 100
const MAX_GRAPHS = 200

interface Source {
  folder: string
  record: Pick<RunRecord, 'run' | 'roster' | 'spec' | 'verdict'>
  /** Zero of all times, ms since 1970. */
  begun: number
}

/** @param unread gets the file if it cannot be read @returns nothing of a run without jobs */
export async function readJobs(
  { folder, record }: Pick<Source, 'folder' | 'record'>,
  unread: Unread[]
): Promise<JobEntry[]> {
  if (!hasJobs(record.spec)) return []
  const entries = await readJobsFile(folder).catch(cause => {
    unread.push(['', JOBS_FILE, whyOf(cause)])
  })
  return entries ?? []
}

/** Pure. @returns nothing where there are no jobs */
export function jobsData(entries: JobEntry[], { record, begun }: Omit<Source, 'folder'>): JobsData | undefined {
  if (entries.length === 0) return undefined
  const graphs = graphsIn(entries)
  return {
    graphs: graphs.slice(0, MAX_GRAPHS).map(({ name, counts }) => ({
      ...{ name, counts: describeCounts(counts) },
      ...(counts.failed ? { isFailed: true as const } : {})
    })),
    failures: failuresOf(graphs, record),
    outputs: rootOutputs(entries)
      .slice(0, MAX_OUTPUTS)
      .map(({ job, path, kind, bytes, digest, member }) => ({
        ...{ name: `${job}/${path}${kind === 'folder' ? '/' : ''}`, bytes, digest },
        ...(member == null ? {} : { member })
      })),
    ...barsOf(entries, record.roster, begun)
  }
}

function failuresOf(graphs: GraphEntries[], { run, spec, verdict }: Source['record']): string[] {
  const last = graphs.findLast(({ counts }) => counts.failed)
  if (last == null || verdict === 'ok') return []
  const { lines } = jobsOf(spec)
  return describeFailures(failuresIn(last.entries.map(each => endedJob(each, lines))), run)
}

interface Span {
  job: string
  member: number
  from: number
  to: number
  kind: BarKind
  attempt: number
}

function barsOf(entries: JobEntry[], roster: RunRecord['roster'], begun: number) {
  const members = new Map(roster.map(({ name }, at) => [name, at]))
  const all = entries.flatMap(entry => spansOf(entry, members, begun))
  const longest = all.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, MAX_BARS)
  const shown = longest.sort((a, b) => a.from - b.from)
  const names = [...new Set(shown.map(({ job }) => job))]
  const places = new Map(names.map((job, at) => [job, at]))
  const lanes = roster.map(() => 0)
  const bars: JobBar[] = []
  for (const [member, own] of Map.groupBy(shown, each => each.member)) {
    const placed = lanesOf(own)
    lanes[member] = placed.count
    for (const [i, { job, from, to, kind, attempt }] of own.entries())
      bars.push([
        places.get(job) as number,
        member,
        placed.lanes[i] as number,
        rounded(from),
        rounded(to),
        kind,
        attempt
      ])
  }
  bars.sort((a, b) => a[3] - b[3])
  return { names, bars, lanes, more: all.length - shown.length }
}

/** Tenths of a millisecond. */
const rounded = (seconds: number) => Math.round(seconds * 10_000) / 10_000

/** The attempt that ended the job as long as its program ran; others from when they were offered. */
function spansOf(entry: JobEntry, members: ReadonlyMap<string, number>, begun: number): Span[] {
  const last = entry.attempts.findLast(({ outcome }) => isEnd(outcome))
  return entry.attempts.flatMap((each): Span[] => {
    const member = members.get(each.member)
    const kind = kindOf(each.outcome)
    const isLast = each === last && entry.began != null
    const from = isLast ? (entry.began as number) : each.offered
    const to = isLast ? from + (entry.duration ?? 0) : each.ended
    if (member == null || kind == null || to == null || to < from) return []
    const at = { from: (from - begun) / 1000, to: (to - begun) / 1000 }
    return [{ job: entry.job, member, ...at, kind, attempt: each.attempt }]
  })
}

const isEnd = (outcome: JobAttempt['outcome']) => outcome === 'done' || outcome === 'failed' || outcome === 'cancelled'

/** @returns undefined of an offer that was refused: nothing was done */
function kindOf(outcome: JobAttempt['outcome']): BarKind | undefined {
  if (outcome === 'done' || outcome === 'failed' || outcome === 'cancelled') return outcome
  return outcome === 'refused' ? undefined : 'lost'
}

/** Each job of each graph, for the tables below the plots. */
export function jobsTable(entries: JobEntry[], begun: number): Table {
  return {
    title: 'jobs',
    note: 'began: s since the run began',
    head: ['graph', 'job', 'state', 'member', 'attempts', 'began', 'took, s', 'outputs', 'why'],
    rows: entries.map(entry => {
      const { graph, job, state, member = '', began, duration, outputs } = entry
      return [
        ...[nameOfGraph(graph), job, stateInWords(state), member, attemptsOf(entry)],
        ...[began == null ? '' : (began - begun) / 1000, duration == null ? '' : duration / 1000],
        outputs.length === 0 ? '' : `${outputs.length}, ${formatBytes(bytesOfOutputs(outputs))}`,
        whyOfJob(entry) ?? ''
      ]
    })
  }
}
