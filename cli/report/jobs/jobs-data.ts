/** What a report shows of jobs. Times are seconds since the run began. */
import type { JobState } from '../../../protocols/jobs/job-state.ts'

export interface JobsData {
  graphs: JobGraph[]
  /** Chains of causes, and last lines of logs; none where nothing failed. */
  failures: string[]
  /** What jobs left that no other one needs. */
  outputs: Array<{ name: string; bytes: number; digest: string; member?: string }>
  /** Names of jobs: bars have an index into them. */
  names: string[]
  /** By when they began. */
  bars: JobBar[]
  /** How many jobs each member had at the same time, by its number: the bars of a member are in so many lanes. */
  lanes: number[]
  /** Bars that there was no room for. */
  more: number
}

export interface JobGraph {
  /** `setup`, `report`, or the sample. */
  name: string
  /** `4 done, 1 failed` */
  counts: string
  isFailed?: true
}

/** How an attempt ended: as its job, or it was given to another member. */
export type BarKind = Extract<JobState, 'done' | 'failed' | 'cancelled'> | 'lost'

/** An attempt: index into names, member, lane, from, to, how it ended, its number. */
export type JobBar = [
  name: number,
  member: number,
  lane: number,
  from: number,
  to: number,
  kind: BarKind,
  attempt: number
]
