/**
 * What one peer tells others of the jobs that it knows: those of runs that it drove, those that it ran, and those that it heard of. It answers from
 * its records, about what is there; who wants all asks all. The caller sends one request; of a log, which is read at the pace of a person or a pipe,
 * it asks for more as it takes what comes (paced.ts).
 */
import * as v from 'valibot'
import { envelope } from '../envelope.ts'
import { count, digest, instant, list, milliseconds, name, peerId, runId, text } from '../fields.ts'
import type { Protocol } from '../stream.ts'
import { graphAt } from './graph-at.ts'
import { jobPath, jobRole } from './job.ts'
import { JOB_STATES, jobState } from './job-state.ts'
import { logLine, MAX_LINES_OF_MESSAGE } from './job-stream.ts'
import { jobEntry } from './jobs-file.ts'

/** Runs whose results one run has taken, as far as they are asked about. */
export const MAX_EARLIER = 64
/** Of one answer about jobs or artifacts; the newest. */
export const MAX_JOB_ROWS = 10_000
/** Of one frame. */
export const ROWS_PER_FRAME = 200
export const ENTRIES_PER_FRAME = 50
/** Results that say how one artifact came to be. */
export const MAX_PROVENANCE = 16

/** One attempt of a job, which has a log of its own. */
export const attemptAt = v.object({
  run: runId,
  graph: graphAt,
  job: name,
  /** 1 .. n */
  attempt: count
})
export type AttemptAt = v.InferOutput<typeof attemptAt>

/** Which jobs; all where nothing is named. */
export const jobFilter = v.object({
  run: v.optional(runId),
  role: v.optional(jobRole),
  /** A name; `*` stands for any characters. */
  job: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(128))),
  states: v.optional(list(jobState, JOB_STATES.length)),
  /** The name of the member that ran it, or its peer id; `*` stands for any characters. */
  member: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(128))),
  /** Those that ended, or changed, since. */
  since: v.optional(instant),
  limit: v.optional(v.pipe(count, v.minValue(1), v.maxValue(MAX_JOB_ROWS)))
})
export type JobFilter = v.InferOutput<typeof jobFilter>

/** What became of one job of one graph of one run. */
export const jobRow = v.object({
  run: runId,
  graph: graphAt,
  job: name,
  state: jobState,
  /** Known of a run that this peer drove; left out for what it only knows a result of. */
  member: v.optional(name),
  /** The peer that ran it; of `reused` the one that did earlier. */
  by: v.optional(peerId),
  /** The last one. */
  attempt: v.optional(count),
  began: v.optional(instant),
  duration: v.optional(milliseconds),
  /** When it changed the last time; rows are ordered by it, the newest first. */
  at: instant,
  exit: v.optional(v.pipe(v.number(), v.integer())),
  why: v.optional(text),
  reason: v.optional(text),
  from: v.optional(list(name, 16)),
  key: v.optional(digest),
  outputs: v.optional(count),
  /** Of its outputs. */
  bytes: v.optional(count),
  /** The log of this attempt is in the records of the peer that answers. */
  log: v.optional(v.literal(true))
})
export type JobRow = v.InferOutput<typeof jobRow>

/** A job that has an artifact among its outputs. */
const madeBy = v.object({ run: runId, graph: graphAt, job: name, path: jobPath, by: peerId, at: instant })

/** An artifact that is stored on the peer that answers, or an output of a result that it knows. */
export const artifactRow = v.object({
  digest,
  kind: v.picklist(['file', 'folder']),
  bytes: count,
  /** It is stored there. */
  here: v.boolean(),
  pinned: v.optional(v.literal(true)),
  /** A run that goes on, or an exchange, needs it. */
  needed: v.optional(v.literal(true)),
  /** By which `bak stage` knows it. */
  name: v.optional(name),
  /** Where it was found, or among the inputs of which path, when it was stored there first. */
  path: v.optional(text),
  /** Names under which it was released there. */
  releases: v.optional(list(name, 16)),
  stored: v.optional(instant),
  used: v.optional(instant),
  /** The newest first. */
  made: list(madeBy, MAX_PROVENANCE)
})
export type ArtifactRow = v.InferOutput<typeof artifactRow>

/** Slots of a machine, and which runs take them. */
export const slotUse = v.object({
  max: count,
  taken: count,
  runs: list(v.object({ run: runId, controller: peerId, taken: count, wanted: count }), 256)
})
export type SlotUse = v.InferOutput<typeof slotUse>

const jobRecordsRequest = v.variant('type', [
  v.object({ type: v.literal('jobs'), ...jobFilter.entries }),
  /** All that is known of jobs of a run that this peer drove, or whose result it has. */
  v.object({ type: v.literal('entries'), run: runId, job: v.optional(name) }),
  /** Signed results, the newest first; of failed and cancelled attempts, too. */
  v.object({
    type: v.literal('results'),
    run: runId,
    graph: v.optional(graphAt),
    job: v.optional(name),
    attempt: v.optional(count)
  }),
  v.object({
    type: v.literal('log'),
    run: runId,
    job: name,
    /** That which was written to last, where the job is in several. */
    graph: v.optional(graphAt),
    /** The last one there. */
    attempt: v.optional(count),
    /** From the line of this number on. */
    from: v.optional(count),
    /** Also what is written from now on, until the attempt has ended. */
    follow: v.optional(v.boolean())
  }),
  v.object({ type: v.literal('more') }),
  v.object({
    type: v.literal('artifacts'),
    /** In the name of a job, the path of an output, a name, a release, or the begin of a digest; all where it is left out. */
    text: v.optional(text),
    run: v.optional(runId),
    /** Runs of which that one has taken results: what these made is told, too. */
    earlier: v.optional(list(runId, MAX_EARLIER)),
    /** Only what is stored there. */
    here: v.optional(v.literal(true))
  }),
  v.object({ type: v.literal('slots') }),
  /** The results that have this artifact among their outputs. */
  v.object({ type: v.literal('provenance'), digest })
])
export type JobRecordsRequest = v.InferOutput<typeof jobRecordsRequest>
export type LogRequest = Extract<JobRecordsRequest, { type: 'log' }>

const jobRecordsResponse = v.variant('type', [
  /** As often as there are more. */
  v.object({ type: v.literal('jobs'), jobs: list(jobRow, ROWS_PER_FRAME) }),
  v.object({ type: v.literal('artifacts'), artifacts: list(artifactRow, ROWS_PER_FRAME) }),
  v.object({ type: v.literal('entries'), entries: list(jobEntry, ENTRIES_PER_FRAME) }),
  /** Results that each say who signed them: whoever gets them checks that. Of `results` and `provenance`. */
  v.object({ type: v.literal('results'), results: list(envelope, MAX_PROVENANCE) }),
  /** Of `log`: which attempt it is, said first. */
  v.object({ type: v.literal('attempt'), ...attemptAt.entries }),
  v.object({ type: v.literal('lines'), lines: list(logLine, MAX_LINES_OF_MESSAGE) }),
  /** Of `log`: nothing follows, and of an attempt whose result is known so many lines it wrote, kept or not. A stream that ends without it broke. */
  v.object({ type: v.literal('end'), lines: v.optional(count) }),
  v.object({ type: v.literal('slots'), ...slotUse.entries })
])
export type JobRecordsResponse = v.InferOutput<typeof jobRecordsResponse>
export type LogAnswer = Extract<JobRecordsResponse, { type: 'attempt' | 'lines' | 'end' }>

export const jobRecordsProtocol: Protocol<JobRecordsRequest, JobRecordsResponse> = {
  id: '/bak/job-records/1.0.0',
  request: jobRecordsRequest,
  response: jobRecordsResponse,
  // a log that is followed may be silent for long
  timeout: Number.POSITIVE_INFINITY,
  maxFrame: 4 * 1024 * 1024,
  maxRequest: 16 * 1024
}
