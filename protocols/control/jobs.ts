/**
 * Calls about jobs of runs, and about the artifacts that they made. A job is `[RUN/]JOB`: without a run it is of the last run that had it. An
 * artifact is its digest or the begin of that, `RUN/JOB/OUTPUT`, or the name under which it was released; with a run also `OUTPUT` or
 * `JOB/OUTPUT` of that: what the run made goes before what was released, and that before what only other peers know.
 */
import * as v from 'valibot'
import { code, count, digest, instant, list, MAX_PEERS, name, peerId, runId, text } from '../fields.ts'
import { table } from '../free-keys.ts'
import { graphAt } from '../jobs/graph-at.ts'
import { job, jobPath, MAX_EDGES } from '../jobs/job.ts'
import { artifactRow, attemptAt, jobRow, MAX_JOB_ROWS, MAX_PROVENANCE, slotUse } from '../jobs/job-records.ts'
import { jobResult } from '../jobs/job-result.ts'
import { jobState } from '../jobs/job-state.ts'
import { logLine, MAX_LINES_OF_MESSAGE } from '../jobs/job-stream.ts'
import { jobEntry, MAX_JOB_ENTRIES } from '../jobs/jobs-file.ts'
import { MAX_EXPRESSION } from '../where/words.ts'
import { runReference } from './runs.ts'

const member = { peer: v.optional(peerId), name }
const silent = v.optional(list(v.object({ name, reason: text }), MAX_PEERS))
/** `[RUN/]JOB`. */
const jobReference = v.pipe(text, v.minLength(1))
/** `setup`, `report`, or a sample: `1-default/sample2`; the last graph that has the job where it is left out. */
const graph = v.optional(text)
const what = v.pipe(text, v.minLength(1))
const absolute = v.pipe(v.string(), v.maxLength(4096), v.startsWith('/', 'expected an absolute path'), v.excludes('\0'))

/** A job in a list, and whose word it is. */
const jobLine = v.object({ ...jobRow.entries, at: name, changed: instant })
export type JobLine = v.InferOutput<typeof jobLine>

/** A result whose signature is good. */
const provenResult = v.object({ ...jobResult.entries, by: peerId, byName: v.optional(name) })
export type ProvenResult = v.InferOutput<typeof provenResult>

/** Where an input comes from: `lib/out.a of the job lib`, `https://...`, a path of the caller. */
const inputView = v.object({ at: jobPath, from: v.string(), digest: v.optional(digest) })

/** All that is known of one job of one graph. */
const jobView = v.object({
  run: runId,
  graph: graphAt,
  job: name,
  state: jobState,
  /** The peer that told it. */
  at: name,
  entry: v.optional(jobEntry),
  /** As it is in the run file, with its defaults. */
  spec: v.optional(job),
  /** As it is executed, each phase behind a line that says its name. */
  script: v.optional(v.string()),
  variables: v.optional(table(v.string(), v.string())),
  inputs: list(inputView, MAX_EDGES),
  /** All graphs of the run that have a job of this name, as `graph` in the request says them. */
  graphs: list(text, MAX_JOB_ENTRIES),
  /** Of its attempts, the newest first. */
  results: list(provenResult, 128)
})
export type JobView = v.InferOutput<typeof jobView>

/** What a peer has, or knows of. */
const artifactsOfPeer = v.object({
  ...member,
  artifacts: list(artifactRow, MAX_JOB_ROWS),
  code: v.optional(code),
  error: v.optional(text)
})

const fetching = v.object({ state: v.literal('fetching'), done: count, total: count })

export const jobCalls = {
  /** Jobs of a run, of the last one that has some, or of all runs that a peer has records of. */
  jobs: {
    request: v.strictObject({
      run: v.optional(runReference),
      all: v.optional(v.boolean()),
      /** Only those that fit (where/where.ts, where/fields-of-jobs.ts). */
      where: v.optional(v.pipe(v.string(), v.maxLength(MAX_EXPRESSION))),
      sort: v.optional(v.pipe(v.string(), v.maxLength(MAX_EXPRESSION)))
    }),
    response: v.object({
      /** The run, where they are of one. */
      run: v.optional(runId),
      jobs: list(jobLine, MAX_JOB_ROWS),
      /** There are more than these. */
      isCut: v.boolean(),
      silent
    })
  },
  job: { request: v.strictObject({ job: jobReference, graph }), response: jobView },
  /** The log of a job: of its last attempt, or with `follow` of each until the job has ended. */
  'job-log': {
    request: v.strictObject({
      job: jobReference,
      graph,
      attempt: v.optional(v.pipe(count, v.minValue(1))),
      follow: v.optional(v.boolean())
    }),
    response: v.variant('type', [
      /** Whose lines follow, and which peer gives them. */
      v.object({ type: v.literal('attempt'), ...attemptAt.entries, member: v.optional(name), at: name }),
      v.object({ type: v.literal('lines'), lines: list(logLine, MAX_LINES_OF_MESSAGE) }),
      /** Lines that cannot be had, and why. */
      v.object({ type: v.literal('missing'), reason: text }),
      /** What is known of the job when its log has been told. */
      v.object({ type: v.literal('state'), state: jobState, reason: v.optional(text) })
    ])
  },
  /** What each peer has, and what of that jobs made. */
  artifacts: {
    request: v.strictObject({
      /** In the name of a job, the path of an output, a release, or the begin of a digest. */
      text: v.optional(text),
      run: v.optional(runReference)
    }),
    response: artifactsOfPeer
  },
  /** How one artifact came to be, and who has it. */
  artifact: {
    request: v.strictObject({ what, run: v.optional(runReference) }),
    response: v.object({
      digest,
      kind: v.picklist(['file', 'folder']),
      bytes: count,
      /** Those whose results say that they made it, the newest first. */
      made: list(provenResult, MAX_PROVENANCE * 4),
      holders: list(v.object({ peer: peerId, name, artifact: artifactRow }), MAX_PEERS),
      silent
    })
  },
  /** Has an artifact written to a path of the caller, from wherever it is. */
  'get-artifact': {
    request: v.strictObject({
      what,
      run: v.optional(runReference),
      /** What it becomes there; its parents are made. */
      path: v.optional(absolute),
      /** Instead of that the folder in which it gets the name that it has. */
      folder: v.optional(absolute),
      /** What is at that path goes; otherwise `cannot-create` where something is. */
      replace: v.optional(v.boolean())
    }),
    response: v.variant('state', [
      fetching,
      v.object({
        state: v.literal('here'),
        digest,
        kind: v.picklist(['file', 'folder']),
        bytes: count,
        /** Those that came from other peers for it. */
        fetched: count,
        path: v.string()
      })
    ])
  },
  /** Keeps an artifact on this peer under a name, until it is removed. */
  'release-artifact': {
    request: v.strictObject({ what, run: v.optional(runReference), name, replace: v.optional(v.boolean()) }),
    response: v.variant('state', [
      fetching,
      v.object({ state: v.literal('released'), digest, name, bytes: count, former: v.optional(digest) })
    ])
  },
  /** Takes a release away, or deletes an artifact that has none, on this peer. */
  'remove-artifact': {
    request: v.strictObject({ what, run: v.optional(runReference) }),
    response: v.object({ digest, release: v.optional(name), bytes: count, isDeleted: v.boolean() })
  },
  /** The slots of each selected member that is here, and which runs take them. */
  slots: {
    request: v.strictObject({ on: v.optional(text) }),
    response: v.object({
      ...member,
      ...v.partial(slotUse).entries,
      code: v.optional(code),
      error: v.optional(text)
    })
  }
} as const
