/** How a job of a run goes: its states, as the controller tells them in events and keeps them in `jobs.json`. */
import * as v from 'valibot'
import { count, list, milliseconds, name, text } from '../fields.ts'
import { graphAt } from './graph-at.ts'
import { MAX_TAIL } from './job-result.ts'
import { percent, portion } from './portion.ts'

/**
 * `waiting`: for what it needs; `queued`: for a member with free slots; `running`; then one of `done`, `reused` (an earlier result is taken), `failed`,
 * `skipped` (what it needs has failed), `cancelled`, and `left-out` (its condition does not hold).
 */
export const JOB_STATES = [
  'waiting',
  'queued',
  'running',
  'done',
  'reused',
  'failed',
  'skipped',
  'cancelled',
  'left-out'
] as const
export const jobState = v.picklist(JOB_STATES)
export type JobState = v.InferOutput<typeof jobState>

/** @returns whether nothing more comes of it */
export const isFinal = (state: JobState): boolean => state !== 'waiting' && state !== 'queued' && state !== 'running'

/** One job and what became of it now. */
export const jobChange = v.object({
  graph: graphAt,
  job: name,
  state: jobState,
  /** Of `waiting`: needs that are done, of all. */
  have: v.optional(count),
  of: v.optional(count),
  /** Of `running` and what comes behind it; of `queued` where a member did not take it, or lost it. */
  member: v.optional(name),
  attempt: v.optional(count),
  /** Why it failed, is queued once more, or was skipped. */
  reason: v.optional(text),
  /** Why it is run, or not: `input src has changed`, `its result is known`. */
  why: v.optional(text),
  /** Of `failed`: the last lines of its log. */
  tail: v.optional(list(text, MAX_TAIL)),
  /** Of one that ran: how long its program did, as its member says. */
  took: v.optional(milliseconds),
  /** Of `done` and `reused`: those of its outputs. */
  bytes: v.optional(count),
  /** Of `skipped`: the jobs whose failure it inherits, the first cause of each. */
  from: v.optional(list(name, 16))
})
export type JobChange = v.InferOutput<typeof jobChange>

/** What a job that runs says of itself. */
export const jobProgress = v.object({
  graph: graphAt,
  job: name,
  /** Which has it, also before it runs. */
  member: v.optional(name),
  phase: v.optional(text),
  percent: v.optional(percent),
  /** Of its inputs, while they come to its member. */
  bytes: v.optional(portion)
})
export type JobProgress = v.InferOutput<typeof jobProgress>

/** The number of jobs in each state, of one graph or of all of a run. */
export const jobCounts = v.object(
  Object.fromEntries(JOB_STATES.map(state => [state, v.optional(count)])) as Record<
    JobState,
    v.OptionalSchema<typeof count, undefined>
  >
)
export type JobCounts = Partial<Record<JobState, number>>
