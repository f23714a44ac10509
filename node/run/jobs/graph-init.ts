/** What the run of a graph of jobs is given: the jobs that apply, the members, what its inputs are, and who hears what becomes of it. */
import type { Signed } from '../../../protocols/envelope.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import type { JobResult } from '../../../protocols/jobs/job-result.ts'
import type { JobChange, JobProgress } from '../../../protocols/jobs/job-state.ts'
import type { LogLine } from '../../../protocols/jobs/job-stream.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import type { Opener } from '../../../protocols/stream.ts'
import type { JobMember } from './eligible.ts'

/** An artifact that the controller has before the graph begins. */
export interface GivenInput {
  digest: string
  bytes: number
  /** Peers that have it. */
  from: string[]
}

/** A job of a graph that is over. */
export interface FinishedJob {
  entry: JobEntry
  /** Peers that have its outputs. */
  holders: string[]
}

export interface GraphRunInit {
  run: string
  graph: GraphAt
  /** Those that apply, with the needs and inputs that apply. */
  jobs: Job[]
  leftOut: Array<{ job: string; why: string }>
  members: JobMember[]
  /** @returns what opens streams to a member, this peer too */
  open(peer: string): Opener
  variablesOf(job: Job): Record<string, string>
  /** Inputs that are a path, a url or of the result, by `givenKey`. */
  given: Map<string, GivenInput>
  /** Jobs of graphs that are over. */
  earlier: Map<string, FinishedJob>
  /** Whether known results are taken. */
  cache: boolean
  /** Why not, where they are not. */
  uncached?: string
  failFast: boolean
  /** A member that is out of reach for longer gives its jobs back, ms; 0 is never. */
  lostTimeoutMs: number
  /** This peer. */
  self: string
  /** @returns results of these keys that are known here */
  known(keys: string[]): Signed<JobResult>[]
  /** Jobs whose outputs are needed beyond this graph; those that no job of it needs are so, too. */
  wanted?: ReadonlySet<string>
  /** @returns whether this peer took the result itself, in an earlier run that it drove: then it counts whoever signed it */
  took?(result: Signed<JobResult>): boolean
  /** @returns the newest result of a job of this name, of those that are of the same job */
  latest?(job: string, isSame: (before: JobResult) => boolean): Signed<JobResult> | undefined
  on: {
    change(change: JobChange): void
    progress(progress: JobProgress): void
    lines(job: string, attempt: number, member: string, lines: LogLine[]): void
    /** A result was taken from the member that signed it. */
    result(result: Signed<JobResult>): void
  }
}

/** @returns the key of an input in `given` */
export const givenKey = (job: string, at: string): string => `${job}\0${at}`
