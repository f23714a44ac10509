/** How the jobs of a run go, as a view shows it: reduced from its events. Pure. */
import type { RunEvent } from '../../protocols/events.ts'
import type { GraphAt } from '../../protocols/jobs/graph-at.ts'
import {
  isFinal,
  type JobChange,
  type JobCounts,
  type JobProgress,
  type JobState
} from '../../protocols/jobs/job-state.ts'
import { stepFolder } from '../../protocols/layout.ts'

/** Graphs that are over, in the state: that of setup, and the last ones. */
const MAX_OVER = 3

export interface JobLine extends Omit<JobChange, 'graph'> {
  needs: string[]
  /** When it came into this state, by the controller's clock. */
  since: number
  /** What it says that it does now. */
  stated?: Omit<JobProgress, 'graph' | 'job'>
}

export interface GraphProgress {
  graph: GraphAt
  began: number
  /** When the last change was told. */
  changed: number
  /** In the order of the file. */
  lines: readonly JobLine[]
  /** Into `lines`. */
  places: ReadonlyMap<string, number>
  counts: JobCounts
  /** How often a job failed, or was given to another member. */
  troubles: number
}

export interface JobsProgress {
  /** The graph that goes on, or the last one. */
  now?: GraphProgress
  over: GraphProgress[]
}

export const noJobs: JobsProgress = { over: [] }

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>

/** @returns the same value for an event that is not about jobs */
export function reduceJobs(before: JobsProgress, event: RunEvent): JobsProgress {
  if (event.type === 'graph') return beginGraph(before, event.graph, event.at, event.jobs)
  if (event.type === 'job') return noteJob(before, event)
  if (event.type === 'job-progress') return noteProgress(before, event)
  return before
}

/** A large graph is told in several events. */
function beginGraph(before: JobsProgress, graph: GraphAt, at: number, jobs: Of<'graph'>['jobs'] = []): JobsProgress {
  const { now, over } = before
  const isNew = now == null || !isSameGraph(now.graph, graph)
  const earlier = now == null || !isNew ? over : [...over, now]
  const known: Pick<GraphProgress, 'began' | 'lines' | 'counts' | 'troubles'> = isNew
    ? { began: at, lines: [], counts: {}, troubles: 0 }
    : now
  const more = jobs.filter(({ job }) => isNew || !now.places.has(job))
  const lines = [
    ...known.lines,
    ...more.map(({ job, needs }): JobLine => ({ job, needs, state: 'waiting', since: at }))
  ]
  const places = new Map(lines.map(({ job }, i) => [job, i]))
  const counts =
    more.length === 0 ? known.counts : { ...known.counts, waiting: (known.counts.waiting ?? 0) + more.length }
  const kept = earlier.filter((each, i) => each.graph.role === 'setup' || i >= earlier.length - MAX_OVER)
  return { now: { ...known, graph, changed: at, lines, places, counts }, over: kept }
}

/** A view that follows from the middle on has not heard of the graph, nor one of a job that was left out of it. */
function noteJob(before: JobsProgress, { type: _, at, graph, ...change }: Of<'job'>): JobsProgress {
  const known = before.now != null && isSameGraph(before.now.graph, graph) ? before : beginGraph(before, graph, at)
  const now = known.now as GraphProgress
  const place = now.places.get(change.job) ?? now.lines.length
  const last = now.lines[place]
  const { why = last?.why, bytes = last?.bytes } = change
  const ran = isFinal(change.state) && last?.state === 'running' ? at - last.since : undefined
  const took = change.took ?? ran
  const next: JobLine = {
    ...{ needs: last?.needs ?? [], ...change, since: last?.state === change.state ? last.since : at },
    ...(why == null ? {} : { why }),
    ...(bytes == null ? {} : { bytes }),
    ...(took == null ? {} : { took })
  }
  const counts = { ...now.counts, [change.state]: (now.counts[change.state] ?? 0) + 1 }
  if (last != null) counts[last.state] = (counts[last.state] ?? 1) - 1
  const isTrouble = change.state === 'failed' || (change.state === 'queued' && change.reason != null)
  return {
    ...known,
    now: {
      ...{ ...now, changed: at, counts, troubles: now.troubles + (isTrouble ? 1 : 0) },
      lines: last == null ? [...now.lines, next] : now.lines.with(place, next),
      places: last == null ? new Map(now.places).set(change.job, place) : now.places
    }
  }
}

function noteProgress(
  before: JobsProgress,
  { job, graph, member, phase, percent, bytes }: Of<'job-progress'>
): JobsProgress {
  const { now } = before
  const place = now != null && isSameGraph(now.graph, graph) ? now.places.get(job) : undefined
  const last = place == null ? undefined : now?.lines[place]
  if (now == null || place == null || last == null || isFinal(last.state)) return before
  return {
    ...before,
    now: { ...now, lines: now.lines.with(place, { ...last, stated: { member, phase, percent, bytes } }) }
  }
}

export const isSameGraph = (one: GraphAt, other: GraphAt): boolean =>
  one.role === other.role && folderOf(one) === folderOf(other)

const folderOf = ({ step }: GraphAt) => (step == null ? '' : stepFolder(step))

/** @returns `setup`, `report`, or the sample */
export const nameOfGraph = (graph: GraphAt): string => (graph.role === 'work' ? folderOf(graph) : graph.role)

/** What is asked for first, first. */
const SHOWN: JobState[] = [
  ...(['running', 'queued', 'waiting', 'failed', 'skipped', 'cancelled', 'done', 'reused', 'left-out'] as const)
]

/** @returns the states that there are jobs in, and how many */
export const countedStates = (counts: JobCounts): Array<{ state: JobState; count: number }> =>
  SHOWN.flatMap(state => {
    const count = counts[state] ?? 0
    return count === 0 ? [] : [{ state, count }]
  })

/** @returns `2 running, 5 waiting, 1 failed` */
export const describeCounts = (counts: JobCounts): string =>
  countedStates(counts)
    .map(({ state, count }) => `${count} ${stateInWords(state)}`)
    .join(', ')

export const stateInWords = (state: JobState): string => state.replace('-', ' ')

/** @returns how many jobs there are, and how many of them have ended */
export function endedOf(counts: JobCounts): { ended: number; all: number } {
  const states = countedStates(counts)
  const sum = (of: typeof states) => of.reduce((total, { count }) => total + count, 0)
  return { ended: sum(states.filter(({ state }) => isFinal(state))), all: sum(states) }
}
