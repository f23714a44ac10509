/** What a member says of the jobs that it was offered, as its link hands it on. */
import type { Signed } from '../../../protocols/envelope.ts'
import type { BakError, ErrorCode } from '../../../protocols/errors.ts'
import type { JobResult } from '../../../protocols/jobs/job-result.ts'
import type { AttemptName, FromJobs } from '../../../protocols/jobs/job-stream.ts'

export type SlotsSaid = Extract<FromJobs, { type: 'slots' }>
export type Stated = Extract<FromJobs, { type: 'stated' }>
export type Lines = Extract<FromJobs, { type: 'lines' }>

/** What a member says of the attempts that it was offered. */
export interface LinkEvents {
  /** The first of a stream, behind all that the member has to say again, and later ones. */
  slots(slots: SlotsSaid, isFirst: boolean): void
  /** The stream is gone, and is opened again. */
  down(): void
  /** It was out of reach for too long, or is for good: all its attempts are given up. */
  lost(why: BakError, isFinal: boolean): void
  refused(name: AttemptName, code: ErrorCode, reason: string): void
  started(name: AttemptName, at: number): void
  stated(stated: Stated): void
  lines(lines: Lines): void
  /** @param lacks an input that it did not get from those that were named for it */
  broken(name: AttemptName, code: ErrorCode, reason: string, lacks?: string): void
  ended(name: AttemptName, result: Signed<JobResult>): void
}
