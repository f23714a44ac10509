/** The jobs of one run on its controller: those that apply, what each graph came to, and what is told of all of them in `jobs.json`. Pure. */
import { applyConditions } from '../../../protocols/jobs/conditions.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import type { Job, JobRole } from '../../../protocols/jobs/job.ts'
import type { JobCounts } from '../../../protocols/jobs/job-state.ts'
import { variablesOf } from '../../../protocols/jobs/job-variables.ts'
import { JOBS_FORMAT, type JobEntry, type JobsFile, MAX_JOB_ENTRIES } from '../../../protocols/jobs/jobs-file.ts'
import { graphKey } from '../../../protocols/layout.ts'
import type { Spec } from '../../../protocols/spec.ts'
import type { ValidationError } from '../../../protocols/validation-errors.ts'
import { parseSelector, type Selectable } from '../selector.ts'
import type { FinishedJob } from './graph-init.ts'

interface LeftOut {
  job: string
  why: string
}

export interface GraphOutcome {
  entries: JobEntry[]
  /** Jobs whose outputs are there. */
  finished: Map<string, FinishedJob>
}

export class RunJobs {
  /** Of all roles, with the needs that they have. */
  readonly applied: Job[]
  readonly leftOut: LeftOut[]
  readonly #roles: Map<string, JobRole>
  /** By graph, in the order of the graphs. */
  readonly #graphs = new Map<string, GraphOutcome>()
  /** Entries in the file. */
  #written = 0

  /** @param members those that are asked to join: what holds for them decides which jobs there are */
  constructor(spec: Pick<Spec, 'job' | 'jobs'>, members: Selectable[]) {
    const fits = (selector: string) => members.some(parseSelector(selector))
    const { jobs, leftOut } = applyConditions(spec.job, { fits, variablesOf: job => variablesOf(job, spec) })
    this.applied = jobs
    this.leftOut = leftOut
    this.#roles = new Map(spec.job.map(({ name, role }) => [name, role]))
  }

  /** @returns the jobs of a graph, and those that are left out of it, in the order of the file */
  of({ role }: Pick<GraphAt, 'role'>): { jobs: Job[]; leftOut: LeftOut[] } {
    return {
      jobs: this.applied.filter(each => each.role === role),
      leftOut: this.leftOut.filter(({ job }) => this.#roles.get(job) === role)
    }
  }

  /** What a graph has come to until now. */
  note(graph: GraphAt, outcome: GraphOutcome): void {
    this.#graphs.set(graphKey(graph), outcome)
  }

  /** @returns the jobs of a graph whose outputs are there; none where it has not begun */
  finishedOf(graph: GraphAt): Map<string, FinishedJob> {
    return this.#graphs.get(graphKey(graph))?.finished ?? new Map()
  }

  get entries(): JobEntry[] {
    return [...this.#graphs.values()].flatMap(({ entries }) => entries)
  }

  /**
   * A graph of a run of many samples is a small part of the file, which is written as a whole: that is due when it has become twice as long, so that
   * all that is written is some times the file. Of what is not in it the journal tells.
   * @param all whatever is not in it is due
   * @returns all that has room in a result; undefined where it is not due
   */
  dueFile(all: boolean): JobsFile | undefined {
    const jobs = this.entries.slice(0, MAX_JOB_ENTRIES)
    if (jobs.length === this.#written || (!all && jobs.length < 2 * this.#written)) return undefined
    this.#written = jobs.length
    return { format: JOBS_FORMAT, jobs }
  }

  get counts(): JobCounts {
    return countsOf(this.entries)
  }
}

/** @param members those that are asked to join @returns jobs that none of them may run, whatever it has */
export function unplacedJobs(spec: Pick<Spec, 'job' | 'jobs'>, members: Selectable[]): ValidationError[] {
  const { applied } = new RunJobs(spec, members)
  const isFitted = new Map([...new Set(applied.map(({ on }) => on))].map(on => [on, members.some(parseSelector(on))]))
  const at = new Map(spec.job.map(({ name }, i) => [name, i]))
  return applied.flatMap(({ name, on }) =>
    isFitted.get(on)
      ? []
      : [{ path: ['job', at.get(name) ?? 0, 'on'], what: `no member of the run fits "${on}", as job ${name} asks` }]
  )
}

export function countsOf(entries: Iterable<Pick<JobEntry, 'state'>>): JobCounts {
  const counts: JobCounts = {}
  for (const { state } of entries) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
