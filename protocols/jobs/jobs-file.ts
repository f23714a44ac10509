/** `jobs.json` of a result: each job of each graph of the run, with what became of it, its attempts and the results that members signed. */
import * as v from 'valibot'
import { encode } from '../codec.ts'
import type { Envelope } from '../envelope.ts'
import { code, count, instant, list, milliseconds, name, peerId, runId, text } from '../fields.ts'
import { graphAt } from './graph-at.ts'
import { jobRole, MAX_EDGES } from './job.ts'
import { jobOutput } from './job-result.ts'
import { jobState } from './job-state.ts'

export const JOBS_FORMAT = 1
/** Jobs of all graphs of a run: those of `work` are there in each sample. */
export const MAX_JOB_ENTRIES = 100_000
export const MAX_ATTEMPTS = 128

/** One attempt on a member: a refusal, an interruption, or an end. */
export const jobAttempt = v.object({
  /** 1 .. n; a refused offer has no number of its own. */
  attempt: count,
  member: name,
  outcome: v.picklist(['refused', 'broken', 'lost', 'done', 'failed', 'cancelled']),
  code: v.optional(code),
  reason: v.optional(text),
  /** On the controller's clock: when it was offered, and when its end was known. */
  offered: instant,
  ended: v.optional(instant),
  /** The envelope of its job-result, in base64, where the job was run again behind it. */
  result: v.optional(v.string())
})
export type JobAttempt = v.InferOutput<typeof jobAttempt>

export const jobEntry = v.object({
  graph: graphAt,
  job: name,
  role: jobRole,
  state: jobState,
  /** Jobs that it needed, as far as their conditions held. */
  needs: list(name, MAX_EDGES),
  attempts: list(jobAttempt, MAX_ATTEMPTS),
  /** The member that ran it; of `reused` the peer that did, and the run in which. */
  member: v.optional(name),
  by: v.optional(peerId),
  run: v.optional(runId),
  /** Why it ran or did not: `no result of these inputs is known`. */
  why: v.optional(text),
  reason: v.optional(text),
  from: v.optional(list(name, 16)),
  began: v.optional(instant),
  duration: v.optional(milliseconds),
  outputs: list(jobOutput, MAX_EDGES),
  /** The envelope of its job-result, in base64; left out where no member signed one. */
  result: v.optional(v.string())
})
export type JobEntry = v.InferOutput<typeof jobEntry>

export const jobsFile = v.object({ format: v.literal(JOBS_FORMAT), jobs: list(jobEntry, MAX_JOB_ENTRIES) })
export type JobsFile = v.InferOutput<typeof jobsFile>

/** @returns a signed result as it is in an entry */
export const resultText = (sealed: Envelope): string => Buffer.from(encode(sealed)).toString('base64')

/** @returns what everybody may hear of a job: results have the last lines of its logs */
export const withoutResults = ({ result: _, attempts, ...entry }: JobEntry): JobEntry => ({
  ...entry,
  attempts: attempts.map(({ result: __, ...attempt }) => attempt)
})
