/**
 * The events of a run, numbered: the lines of `journal.ndjson`, the answers of `bak attach` on any peer, and the JSON lines of
 * `bak run --json`. Live events are shown and never stored; they have no number.
 */
import * as v from 'valibot'
import { beside, besides } from './beside.ts'
import { changedTool } from './changed-tools.ts'
import { costShare } from './cost.ts'
import { envelope } from './envelope.ts'
import { code, count, digest, instant, list, milliseconds, name, peerId, runId, text } from './fields.ts'
import { graphAt } from './jobs/graph-at.ts'
import { MAX_EDGES, MAX_JOBS } from './jobs/job.ts'
import { jobChange, jobProgress } from './jobs/job-state.ts'
import { exclusion } from './manifest.ts'
import { iterationSummaries } from './matrix/iteration-summary.ts'
import { stated } from './metric.ts'
import { outputBytes, outputStream } from './output.ts'
import { carrier, pathClass } from './path.ts'
import { numberedPhase, produced, step } from './phase.ts'
import { MAX_RECORD_REMARKS, refusedFile, renamedFile } from './record.ts'
import { shortfall, shortfalls } from './shortfall.ts'
import type { Protocol } from './stream.ts'
import { tags } from './tags.ts'
import { knee } from './tasks/knee.ts'
import { loadNow } from './tasks/load-now.ts'
import { decision } from './thresholds/threshold.ts'
import { edge } from './trigger.ts'
import { VERDICTS } from './verdict.ts'
import { workEntry } from './work-entry.ts'
import { workChange } from './work-state.ts'
import { placement } from './workload.ts'

/** Files of one kind that one event names. */
export const MAX_FILES_OF_EVENT = 64
/** Decisions on thresholds that one event names. */
export const MAX_DECISIONS_OF_EVENT = 256

const body = v.variant('type', [
  v.object({
    type: v.literal('created'),
    run: runId,
    controller: peerId,
    name,
    /** Left out where clients on members are measured. */
    command: v.optional(v.union([text, v.array(v.string())])),
    /** Names of the workloads of members. */
    workloads: v.optional(list(name, 64)),
    /** Samples of all iterations together, without those that it may repeat. */
    steps: v.optional(count),
    /** The run that it goes on with. */
    resumes: v.optional(runId)
  }),
  /** Waiting for members that the run names or expects, and who they are. */
  v.object({
    type: v.literal('waiting'),
    expect: count,
    present: count,
    absent: v.optional(list(text, 10_000)),
    /** When it ends at the latest. */
    until: v.optional(instant)
  }),
  v.object({ type: v.literal('offered') }),
  v.object({
    type: v.literal('roster'),
    manifest: digest,
    members: list(
      v.object({
        ...{ peer: peerId, name, rank: count },
        tools: list(text, 256),
        workloads: v.optional(list(placement, 64)),
        /** It has clients of tasks, and this rank among those that have. */
        load: v.optional(count)
      }),
      10_000
    )
  }),
  v.object({ type: v.literal('phase-open'), ...numberedPhase, asked: count, needed: count }),
  v.object({
    type: v.literal('ack'),
    ...numberedPhase,
    peer: peerId,
    name,
    outcome: v.picklist(['ok', 'failed', 'refused']),
    code: v.optional(code),
    reason: v.optional(text),
    warnings: v.optional(list(text, 64)),
    /** From the issue of the command to the arrival of the ack. */
    after: milliseconds,
    produced: v.optional(list(produced, 64))
  }),
  v.object({
    type: v.literal('phase-closed'),
    ...numberedPhase,
    verdict: v.picklist(['met', 'failed']),
    ok: count,
    asked: count,
    took: milliseconds,
    /** Why it failed, in words. */
    reason: v.optional(text),
    /** Digest of the certificate. */
    certificate: digest
  }),
  v.object({ type: v.literal('excluded'), ...exclusion.entries }),
  /** Something that was asked for is not there; the run goes on. */
  v.object({ type: v.literal('shortfall'), ...shortfall.entries }),
  /** A tool was attached to the run, or detached from it, from the next sample on. */
  v.object({ type: v.literal('tools-changed'), ...changedTool.entries }),
  /** A member cannot be reached while the workload runs; and it can again. */
  v.object({ type: v.literal('lost'), peer: peerId, name }),
  v.object({ type: v.literal('returned'), peer: peerId, name }),
  /** Another run measures on members of this one at the same time. */
  v.object({ type: v.literal('beside'), ...beside.entries }),
  /** How far apart the members started, by their measured clocks. */
  v.object({ type: v.literal('skew'), step, agreed: instant, skew: milliseconds, latest: milliseconds }),
  /** All clients are at a join point, and what members signed for it was counted. */
  v.object({
    ...{ type: v.literal('join-point'), step, element: count },
    /** How far apart the clients began, ms. */
    skew: v.optional(milliseconds),
    tasks: list(
      v.object({
        ...{ task: name, samples: count, failed: count },
        /** Operations a second behind the warm-up, and the 99th percentile of the latency, ms. */
        speed: v.optional(
          v.object({ throughput: v.pipe(v.number(), v.minValue(0)), unit: text, p99: v.optional(milliseconds) })
        )
      }),
      256
    )
  }),
  /** The command of the controller. */
  v.object({ type: v.literal('workload-started'), step, pid: v.optional(count) }),
  /** A workload of a member, as the member tells it at once. */
  v.object({ type: v.literal('work'), member: name, role: workEntry.entries.role, ...workChange }),
  /** How the command ended, or an instance of a workload, as its member signed it. */
  v.object({
    type: v.literal('workload-ended'),
    ...workEntry.entries,
    /** Of the command: bytes of output of all samples so far. */
    written: v.optional(v.object({ stdout: count, stderr: count }))
  }),
  /** A window of a workload begins or ends: when on this clock, known within `bound` ms. */
  v.object({
    type: v.literal('period'),
    step,
    /** The instance that says so. */
    by: text,
    name,
    edge: v.picklist(['begin', 'end']),
    when: instant,
    bound: milliseconds
  }),
  /** The output of the command said when tools of a group start or stop. */
  v.object({ type: v.literal('triggered'), step, ...v.pick(edge, ['group', 'what']).entries, when: instant }),
  /** A tarball was received, verified and unpacked. */
  v.object({
    type: v.literal('received'),
    peer: peerId,
    name,
    what: text,
    digest,
    bytes: count,
    took: milliseconds,
    /** The path of its last byte; left out for the controller's own. */
    path: v.optional(pathClass),
    carrier: v.optional(carrier),
    /** Digest of the signed list of its files. */
    files: v.optional(digest),
    /** The first of each, for a record that a daemon that was killed did not write. */
    renamed: v.optional(list(renamedFile, MAX_FILES_OF_EVENT)),
    refused: v.optional(list(refusedFile, MAX_FILES_OF_EVENT))
  }),
  v.object({ type: v.literal('refused'), peer: text, what: text, code, reason: text }),
  /** The jobs of a graph, in the order of the file, before the first of them begins. */
  v.object({
    type: v.literal('graph'),
    graph: graphAt,
    jobs: list(v.object({ job: name, needs: list(name, MAX_EDGES) }), MAX_JOBS)
  }),
  v.object({ type: v.literal('job'), ...jobChange.entries }),
  v.object({ type: v.literal('warning'), text }),
  v.object({ type: v.literal('cancel'), by: text, reason: text }),
  v.object({
    type: v.literal('ended'),
    verdict: v.picklist(VERDICTS),
    /** The exit status of `bak run`. */
    status: count,
    partial: v.boolean(),
    reason: v.optional(text),
    excluded: list(exclusion, 10_000),
    shortfalls,
    /** Members of which files could not be packed: so many each, which the `missing.txt` of their folders name. */
    missing: v.optional(list(v.object({ name, files: count }), 10_000)),
    /** Where the spec says when samples are repeated. */
    iterations: iterationSummaries,
    /** What its search found. */
    knee: v.optional(knee),
    /** What its thresholds came to; of very many those that are not met. */
    thresholds: v.optional(list(decision, MAX_DECISIONS_OF_EVENT)),
    /** Runs that went on at the same time on members of this one. */
    beside: besides,
    bytes: count,
    took: milliseconds,
    folder: text,
    /** The peer that has the folder, where it is not on this machine; `folder` is empty then. */
    holder: v.optional(name),
    /** What stands out in the run as a whole. */
    remarks: v.optional(list(text, MAX_RECORD_REMARKS)),
    /** The member on which observation cost most. */
    observed: v.optional(costShare)
  })
])

const liveBody = v.variant('type', [
  /** Some of the output may be left out where it comes faster than it is read; `offset` is how much of all samples is before it. */
  v.object({ type: v.literal('output'), stream: outputStream, offset: v.optional(count), ...outputBytes }),
  /** What a workload says that it does now: the command, or an instance on a member. */
  v.object({
    type: v.literal('stated'),
    step,
    ...{ member: v.optional(name), workload: v.optional(name), instance: v.optional(count) },
    ...stated
  }),
  v.object({ type: v.literal('job-progress'), ...jobProgress.entries }),
  /** How the tasks go, once a second. */
  v.object({ type: v.literal('load'), step, ...loadNow.entries }),
  /** The result is on its way to where it was to go: bytes so far. It comes after the end of the run. */
  v.object({ type: v.literal('moving'), to: text, done: count, total: count, step: v.optional(text) }),
  /** It is there, at `place`; or it is not, for a reason. */
  v.object({ type: v.literal('moved'), to: text, place: v.optional(text), error: v.optional(text) }),
  /** Bytes of a tarball so far. */
  v.object({ type: v.literal('transfer'), peer: peerId, name, done: count, total: count })
])

export const storedEvent = v.intersect([v.object({ n: count, at: instant }), body])
const liveEvent = v.intersect([v.object({ at: instant }), liveBody])
export const runEvent = v.union([storedEvent, liveEvent])

export type EventBody = v.InferOutput<typeof body>
export type LiveBody = v.InferOutput<typeof liveBody>
export type StoredEvent = EventBody & { n: number; at: number }
export type LiveEvent = LiveBody & { at: number }
export type RunEvent = StoredEvent | LiveEvent
export type MovedEvent = Extract<LiveBody, { type: 'moved' }>
export type EndedEvent = Extract<EventBody, { type: 'ended' }>

/** Replays the events of a run from number `from` and follows it to its end, on the peer that has its folder. */
export const attachProtocol: Protocol<{ run: string; from: number }, RunEvent> = {
  id: '/bak/attach/1.0.0',
  request: v.object({ run: runId, from: count }),
  response: runEvent as v.GenericSchema<unknown, RunEvent>,
  timeout: Number.POSITIVE_INFINITY,
  maxFrame: 1024 * 1024,
  maxRequest: 1024
}

/** What a peer has of a run: its record, manifest and certificates. */
export const describeProtocol: Protocol<{ run: string }, Description> = {
  id: '/bak/describe/1.0.0',
  request: v.object({ run: runId }),
  get response() {
    return description as v.GenericSchema<unknown, Description>
  },
  timeout: 10_000,
  maxFrame: 16 * 1024 * 1024,
  maxRequest: 1024
}
export const description = v.object({
  run: runId,
  controller: peerId,
  /** The text of `run.json`, if this peer has the folder. */
  record: v.optional(v.string()),
  /** Tags that it got later, beside its seal. */
  tags: v.optional(tags),
  manifest: v.optional(envelope),
  offer: v.optional(envelope),
  certificates: list(envelope, 100_000)
})
export type Description = v.InferOutput<typeof description>
