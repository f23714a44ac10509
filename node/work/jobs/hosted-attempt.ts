/** One attempt that a member has taken: what runs of it, and what is to be said of it until the controller has heard how it ended. */
import type { Job } from '../../../protocols/jobs/job.ts'
import type { FromJobs, JobOffer } from '../../../protocols/jobs/job-stream.ts'
import type { RunningJob } from './running-job.ts'

/** How it ended, as it is told until the controller has it. */
export type ToldEnd = Extract<FromJobs, { type: 'ended' | 'broken' }>

export interface HostedAttempt {
  job: Job
  /** 1 .. n */
  attempt: number
  inputs: JobOffer['inputs']
  running?: RunningJob
  /** Its program was started then, on the controller's clock. */
  started?: number
  end?: ToldEnd
  /** Digest of the envelope of its result. */
  result?: string
  isCancelled?: boolean
  /** The controller has given it to another: its end is told to nobody. */
  isUnwanted?: boolean
}

/** The same for both of one attempt, and different for any two others. */
export const attemptKey = ({ job, attempt }: { job: string; attempt: number }): string => `${job} ${attempt}`
