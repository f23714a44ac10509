/** What became of the jobs of a run, for `bak show`: their number by state, why some failed, each of them, and what they left. Pure. */
import { hasJobs, jobsOf } from '../../protocols/jobs/job.ts'
import { bytesOfOutputs } from '../../protocols/jobs/job-result.ts'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { formatFacts, formatTable } from '../../protocols/text-table.ts'
import { fittingTable } from '../fitting-table.ts'
import { formatBytes, formatDuration } from '../format.ts'
import { describeFailures, failuresIn, whyOfJob } from '../jobs/causes.ts'
import { attemptsOf, endedJob, type GraphEntries, graphsIn } from '../jobs/job-entries.ts'
import { describeCounts, stateInWords } from '../jobs/job-progress.ts'
import { rootOutputs } from '../jobs/root-outputs.ts'

/** Graphs, jobs and outputs of the first screen. */
const MAX_GRAPHS = 4
const MAX_JOBS = 12
const MAX_OUTPUTS = 8
/** Characters of a digest. */
const DIGEST = 16

/**
 * @param isWhole with every job of every graph
 * @returns tables, none for a run without jobs
 */
export function formatJobs(record: RunRecord, entries: JobEntry[], isWhole: boolean, width: number): string[] {
  if (!hasJobs(record.spec) || entries.length === 0) return []
  const graphs = graphsIn(entries)
  return [
    formatGraphs(graphs, isWhole, width),
    ...formatFailures(graphs, record),
    ...formatEntries(graphs, record, isWhole, width),
    formatOutputs(entries, record, isWhole)
  ].filter(part => part !== '')
}

function formatGraphs(graphs: GraphEntries[], isWhole: boolean, width: number): string {
  const shown = isWhole ? graphs : graphs.slice(0, MAX_GRAPHS)
  const facts = shown.map(({ name, graph, counts }) => [
    graph.role === 'work' ? `jobs of ${name}` : `${name} jobs`,
    describeCounts(counts)
  ])
  const more = graphs.slice(shown.length).map(({ name }) => name)
  return formatFacts(
    { ...Object.fromEntries(facts), ...(more.length === 0 ? {} : { 'jobs of others': listInWords(more, MAX_GRAPHS) }) },
    width
  )
}

/** Of samples that were repeated those of the last one. */
function formatFailures(graphs: GraphEntries[], { run, spec, verdict }: RunRecord): string[] {
  const last = graphs.findLast(({ counts }) => counts.failed)
  if (last == null || verdict === 'ok') return []
  const { lines } = jobsOf(spec)
  return [describeFailures(failuresIn(last.entries.map(each => endedJob(each, lines))), run).join('\n')]
}

const HEAD = ['JOB', 'STATE', 'MEMBER', 'ATTEMPTS', 'TOOK', 'OUTPUTS', 'WHY']

function formatEntries(graphs: GraphEntries[], { run }: RunRecord, isWhole: boolean, width: number): string[] {
  if (isWhole)
    return graphs.map(({ name, entries }) =>
      formatTable([`JOB OF ${name.toUpperCase()}`, ...HEAD.slice(1)], entries.map(rowOf), width)
    )
  // a sample is like the others: one of them is shown, beside setup and report
  const last = graphs.findLast(({ graph }) => graph.role === 'work')
  const all = graphs.filter(each => each.graph.role !== 'work' || each === last).flatMap(({ entries }) => entries)
  const first = all.toSorted((one, other) => urgencyOf(one) - urgencyOf(other)).slice(0, MAX_JOBS)
  const shown = all.filter(each => first.includes(each))
  const table = fittingTable(HEAD, shown.map(rowOf), ['WHY', 'ATTEMPTS'], width)
  const more = all.length - shown.length
  return [more === 0 ? table : `${table}\n${more} more jobs: bak show ${run} --all, bak job ls --run ${run}`]
}

/** Those that went wrong are shown first, then those that did something. */
function urgencyOf({ state, attempts }: JobEntry): number {
  if (state === 'failed') return 0
  if (attempts.length > 1) return 1
  if (state === 'done') return 2
  return state === 'reused' ? 3 : 4
}

function rowOf(entry: JobEntry) {
  const { job, state, member, duration, outputs } = entry
  return [
    ...[job, stateInWords(state), member, attemptsOf(entry) || undefined],
    state === 'reused' || duration == null ? undefined : formatDuration(duration),
    outputs.length === 0 ? undefined : `${outputs.length}, ${formatBytes(bytesOfOutputs(outputs))}`,
    whyOfJob(entry)
  ]
}

function formatOutputs(entries: JobEntry[], { run }: RunRecord, isWhole: boolean): string {
  const all = rootOutputs(entries)
  const shown = isWhole ? all : all.slice(0, MAX_OUTPUTS)
  if (shown.length === 0) return ''
  const rows = shown.map(({ job, path, kind, bytes, digest, member }) => [
    ...[`${job}/${path}${kind === 'folder' ? '/' : ''}`, formatBytes(bytes)],
    ...[isWhole ? digest : digest.slice(0, DIGEST), member]
  ])
  const more = all.length - shown.length
  const table = formatTable(['OUTPUT', 'BYTES', 'DIGEST', 'ON'], rows)
  return more === 0 ? table : `${table}\n${more} more outputs: bak artifact ls --run ${run}`
}
