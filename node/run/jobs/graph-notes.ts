/** What a graph that goes on tells, taken down: events of the run, its logs, the records of this peer. */
import type { Signed } from '../../../protocols/envelope.ts'
import { neededBy } from '../../../protocols/jobs/graph.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { jobsOf } from '../../../protocols/jobs/job.ts'
import type { JobResult } from '../../../protocols/jobs/job-result.ts'
import type { JobChange, JobProgress, JobState } from '../../../protocols/jobs/job-state.ts'
import type { LogLine } from '../../../protocols/jobs/job-stream.ts'
import type { JobLogFiles } from '../../store/job-log-files.ts'
import type { RunContext } from '../run-context.ts'
import type { GraphRunInit } from './graph-init.ts'

/** Lines that begin so are for bak: what they say of a job is told otherwise. */
const MARK = '#BAK:'
/** Of the needs of a job that come one after the other about so many are told. */
const MAX_STEPS = 16
/** Kept in the records of this peer about so often while the graph goes on, ms. */
const NOTE_EVERY_MS = 1_000

export interface GraphNotesInit {
  run: Pick<RunContext, 'events' | 'order' | 'parts' | 'record' | 'jobs'>
  graph: GraphAt
  logs: JobLogFiles
  /** Called where jobs have changed, at most once a second. */
  onChanged(jobs: ReadonlySet<string>): void
}

export class GraphNotes {
  readonly #init: GraphNotesInit
  readonly #lines: number
  readonly #changed = new Set<string>()
  /** By job, and of all jobs of the run. */
  readonly #states = new Map<string, JobState>()
  readonly #counts: Record<string, number>
  #timer: NodeJS.Timeout | undefined

  constructor(init: GraphNotesInit) {
    this.#init = init
    this.#lines = jobsOf(init.run.order.spec).lines
    this.#counts = { ...init.run.jobs.counts }
  }

  /** The jobs of the graph, before the first of them begins; those that are left out of it last. */
  begin({ jobs, leftOut }: Pick<GraphRunInit, 'jobs' | 'leftOut'>): void {
    const { run, graph } = this.#init
    const out = leftOut.map(({ job }) => ({ job, needs: [] }))
    const all = jobs.map(each => ({ job: each.name, needs: neededBy(each) }))
    for (const { name } of jobs) this.#count(name, 'waiting')
    for (const { job } of leftOut) this.#count(job, 'left-out')
    run.events.store({ type: 'graph', graph, jobs: [...all, ...out] })
  }

  change(change: JobChange): void {
    const { tail, ...rest } = change
    this.#changed.add(change.job)
    this.#count(change.job, change.state)
    this.#timer ??= setTimeout(() => this.flush(), NOTE_EVERY_MS)
    if (!isTold(change)) return
    const said = tail?.filter(each => !each.startsWith(MARK))
    const last = said == null || this.#lines === 0 ? {} : { tail: said.slice(-this.#lines) }
    this.#init.run.events.store({ type: 'job', ...rest, ...last })
  }

  #count(job: string, state: JobState): void {
    const counts = this.#counts
    const before = this.#states.get(job)
    this.#states.set(job, state)
    if (before != null) counts[before] = (counts[before] ?? 1) - 1
    if (before != null && counts[before] === 0) delete counts[before]
    counts[state] = (counts[state] ?? 0) + 1
    this.#init.run.record.jobs = counts
  }

  progress(progress: JobProgress): void {
    const { events } = this.#init.run
    if (events.followed) events.show({ type: 'job-progress', ...progress })
  }

  lines(job: string, attempt: number, _: string, lines: LogLine[]): void {
    const { logs, graph } = this.#init
    logs.add({ graph, job, attempt }, lines)
  }

  result(result: Signed<JobResult>): void {
    const { run, logs } = this.#init
    // a daemon that is killed has the result of each job that its journal says is done
    run.parts.jobRecords.keep(result)
    run.parts.jobRecords.flush()
    logs.ended(result.value)
  }

  /** What has changed is kept in the records. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#changed.size > 0) this.#init.onChanged(new Set(this.#changed))
    this.#changed.clear()
  }
}

/** A job may need a thousand others, and the journal has each change that is told. */
function isTold({ state, have = 0, of = 0 }: JobChange): boolean {
  if (state !== 'waiting' || of <= MAX_STEPS) return true
  return have % Math.ceil(of / MAX_STEPS) === 0
}
