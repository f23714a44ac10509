/**
 * The stream on which a controller has a member run jobs: opened by the controller for each graph, opened again when it breaks. The member goes on
 * with what it runs meanwhile, and says again what the controller has not said that it got.
 */
import * as v from 'valibot'
import { envelope } from '../envelope.ts'
import { code, count, digest, instant, list, milliseconds, name, peerId, runId, text } from '../fields.ts'
import type { Protocol } from '../stream.ts'
import { graphAt } from './graph-at.ts'
import { MAX_EDGES } from './job.ts'
import { placedInput } from './job-result.ts'
import { percent, portion } from './portion.ts'

export interface AttemptName {
  job: string
  /** 1 .. n */
  attempt: number
}

/** The same for both of one attempt, and different for any two others. */
export const attemptKey = ({ job, attempt }: AttemptName): string => `${job} ${attempt}`

/** One attempt of a job. */
const attempt = { job: name, attempt: v.pipe(count, v.minValue(1)) } as const

/** Longest line of a log that is kept; the rest of it is dropped. */
export const MAX_LINE = 4_096
export const MAX_LINES_OF_MESSAGE = 256

/** One line of a log: when it was written after the begin of the job, and the phase of the script. */
export const logLine = v.object({
  /** Counted from 1; lines between that are not there were dropped. */
  n: count,
  t: milliseconds,
  phase: v.optional(text),
  text: v.pipe(v.string(), v.maxLength(MAX_LINE))
})
export type LogLine = v.InferOutput<typeof logLine>

const fromController = v.variant('type', [
  /**
   * Sent first. `running`: attempts that were offered to this member and have neither been refused nor ended, where the stream broke; what else runs
   * here was given to another, and is ended.
   */
  v.object({ type: v.literal('open'), run: runId, graph: graphAt, running: list(v.object(attempt), 4_096) }),
  /** Slots that jobs which could run on this member now would take beyond those that run, and those of the largest of them. */
  v.object({ type: v.literal('want'), slots: count, most: v.optional(count) }),
  /** The job is that of this name in the manifest. */
  v.object({
    type: v.literal('offer'),
    ...attempt,
    /** Whoever holds each is asked for it, the first ones first. */
    inputs: list(v.object({ ...placedInput.entries, bytes: count, from: list(peerId, 16) }), MAX_EDGES)
  }),
  /** Ends it; for one that has ended, its result is not wanted any more. */
  v.object({ type: v.literal('cancel'), ...attempt }),
  /** The end of this attempt (`ended` or `broken`) is known to the controller, and is not told again. */
  v.object({ type: v.literal('got'), ...attempt }),
  /** Whether these artifacts are here; those that are stay until the run is over here. */
  v.object({ type: v.literal('hold'), id: count, digests: list(digest, MAX_EDGES) }),
  /** The result of this key, where this member has one. */
  v.object({ type: v.literal('look'), id: count, keys: list(digest, 16) }),
  /** No job comes any more: the member answers the command `work`. */
  v.object({ type: v.literal('over') })
])

const fromMember = v.variant('type', [
  /**
   * Sent behind what the member says again on a new stream, behind each offer, and when it changes: slots of this machine, those that jobs of all runs
   * take, those that this run may take now, and how many offers of this stream that counts.
   */
  v.object({ type: v.literal('slots'), max: count, taken: count, free: count, offers: count }),
  /** An offer is not taken; another member is asked. `busy` is for now, anything else for good. */
  v.object({ type: v.literal('refused'), ...attempt, code, reason: text }),
  v.object({ type: v.literal('started'), ...attempt, at: instant }),
  /** What it does now; before `started`, how many bytes of its inputs have come. */
  v.object({
    type: v.literal('stated'),
    ...attempt,
    phase: v.optional(text),
    percent: v.optional(percent),
    bytes: v.optional(portion)
  }),
  v.object({ type: v.literal('lines'), ...attempt, lines: list(logLine, MAX_LINES_OF_MESSAGE) }),
  /** It could not be run here: its inputs, its folders, its program; it may be tried elsewhere. `lacks`: an input that nobody gave who was named for it. */
  v.object({ type: v.literal('broken'), ...attempt, code, reason: text, lacks: v.optional(digest) }),
  /** A job-result, signed. */
  v.object({ type: v.literal('ended'), ...attempt, sealed: envelope }),
  v.object({ type: v.literal('held'), id: count, digests: list(digest, MAX_EDGES) }),
  v.object({ type: v.literal('found'), id: count, results: list(envelope, 16) })
])
export type ToJobs = v.InferOutput<typeof fromController>
export type FromJobs = v.InferOutput<typeof fromMember>
export type JobOffer = Extract<ToJobs, { type: 'offer' }>

export const jobStreamProtocol: Protocol<ToJobs, FromJobs> = {
  id: '/bak/job/1.0.0',
  request: fromController,
  response: fromMember,
  timeout: Number.POSITIVE_INFINITY,
  maxFrame: 2 * 1024 * 1024
}
