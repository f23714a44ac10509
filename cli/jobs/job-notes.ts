/** Lines of a log about the jobs of a run: what becomes of each, and of many together. Pure. */
import type { RunEvent } from '../../protocols/events.ts'
import { isFinal } from '../../protocols/jobs/job-state.ts'
import { formatBytes, formatDuration } from '../format.ts'
import { whyOfJob } from './causes.ts'
import {
  describeCounts,
  endedOf,
  type GraphProgress,
  isSameGraph,
  type JobLine,
  type JobsProgress,
  nameOfGraph,
  stateInWords
} from './job-progress.ts'
import { portionOf } from './render-jobs.ts'

/** With more jobs in its graph a job has no line, unless it fails or is given to another member. */
const MAX_NOTED = 64
/** Of the failures, and of what goes to another member, in such a graph. */
const MAX_TROUBLES = 32
/** Lines that say how many have ended. */
const PARTS = 10

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>

/** @param before the event @param after it @returns its lines; most changes of many jobs have none */
export function notesOfJobs(
  event: Of<'graph'> | Of<'job'>,
  before: JobsProgress | undefined,
  { now }: JobsProgress
): string[] {
  if (now == null) return []
  const of = labelOf(now)
  const earlier = before?.now != null && isSameGraph(before.now.graph, now.graph) ? before.now : undefined
  if (event.type === 'graph')
    return [`jobs=${of} ${earlier == null ? 'begin' : 'and further ones'}: ${countOf(event.jobs.length)}`]
  return [
    ...notesOfChange(event, now, earlier).map(text => `job=${event.job} of=${of} ${text}`),
    ...notesOfCounts(now, earlier)
  ]
}

const labelOf = ({ graph }: GraphProgress) => nameOfGraph(graph)
const countOf = (count: number) => `${count} ${count === 1 ? 'job' : 'jobs'}`

function notesOfChange({ job }: Of<'job'>, now: GraphProgress, before?: GraphProgress): string[] {
  const line = now.lines[now.places.get(job) ?? -1]
  if (line == null) return []
  const { state, reason } = line
  const isTrouble = state === 'failed' || (state === 'queued' && reason != null)
  if (now.lines.length > MAX_NOTED) {
    const told = before?.troubles ?? 0
    if (!isTrouble || told >= MAX_TROUBLES) return []
    return [`${describeChange(line)}${told + 1 === MAX_TROUBLES ? ' (further ones are not told one by one)' : ''}`]
  }
  if (state === 'waiting' || (state === 'queued' && reason == null)) return []
  return [describeChange(line)]
}

/** `running on=n2 attempt=2`, `queued from=n2: n2 was lost`, `failed on=n2: exit 1 in phase build`, `reused: its result is known` */
function describeChange(line: JobLine): string {
  const { state, member, attempt = 1, took, bytes } = line
  const where = member == null || state === 'reused' ? '' : state === 'queued' ? ` from=${member}` : ` on=${member}`
  const again = attempt > 1 ? ` attempt=${attempt}` : ''
  const after = took == null ? '' : ` after ${formatDuration(took)}`
  const made = bytes == null || bytes === 0 ? '' : ` ${formatBytes(bytes)}`
  const said = whyOfJob(state === 'reused' || state === 'left-out' ? line : { ...line, why: undefined })
  return `${stateInWords(state)}${where}${again}${after}${made}${said == null ? '' : `: ${said}`}`
}

/** Where a tenth of many has ended, and where all have. */
function notesOfCounts(now: GraphProgress, before: GraphProgress | undefined): string[] {
  const [is, was] = [endedOf(now.counts), endedOf(before?.counts ?? {})]
  if (is.ended === was.ended) return []
  if (is.ended === is.all) {
    const took = formatDuration(Math.max(0, now.changed - now.began))
    return [`jobs=${labelOf(now)} ended after ${took}: ${describeCounts(now.counts)}`]
  }
  const partOf = (ended: number) => Math.floor((ended * PARTS) / is.all)
  if (is.all <= MAX_NOTED || partOf(is.ended) === partOf(was.ended)) return []
  return [`jobs=${labelOf(now)} ${is.ended} of ${is.all} ended: ${describeCounts(now.counts)}`]
}

/** @returns `, jobs: 2 running, 5 done; lib on n2 for 3 min in build 42 %`, of the one that runs the longest; '' where none go on */
export function describeJobs({ now: graph }: JobsProgress, now: number): string {
  if (graph == null) return ''
  const { ended, all } = endedOf(graph.counts)
  if (ended === all) return ''
  const longest = graph.lines
    .filter(({ state, stated }) => state === 'running' || (!isFinal(state) && stated?.bytes != null))
    .reduce<JobLine | undefined>((first, line) => (first == null || line.since < first.since ? line : first), undefined)
  return `, jobs: ${describeCounts(graph.counts)}${longest == null ? '' : `; ${describeRunning(longest, now)}`}`
}

function describeRunning({ job, state, member, since, stated }: JobLine, now: number): string {
  const { member: by = member, phase, percent, bytes } = stated ?? {}
  const said = [
    ...(by == null ? [] : [`on ${by}`]),
    ...(state === 'running' ? [`for ${formatDuration(Math.max(0, now - since))}`] : []),
    ...(phase == null ? [] : [`in ${phase}`]),
    ...(percent == null ? [] : [`${Math.floor(percent)} %`]),
    ...(state === 'running' || bytes == null ? [] : [`has ${portionOf(bytes)} of its inputs`])
  ]
  return [job, ...said].join(' ')
}
