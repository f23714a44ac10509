/**
 * The one primitive: a signed command to all members, a signed acknowledgement of each, a certificate of the quorum.
 *
 * Commands are published on topics: `join` on the topic of the mesh, every later command on the topic of its run, to which the
 * members subscribe when they are asked to join. They are numbered by (run, epoch, seq) and published again, with `attempt` counted
 * up, until the phase is over; a member acts on the first and answers a repeat with the acknowledgement it already has.
 * Acknowledgements travel on the member's own stream (`run-stream.ts`), since on a topic each would cost every peer.
 * A certificate is kept by the controller and a few members; the mesh learns its digest (`notice.ts`).
 */
import * as v from 'valibot'
import { cost } from './cost.ts'
import { envelope, type Subject } from './envelope.ts'
import {
  code,
  count,
  cutText,
  digest,
  instant,
  list,
  MAX_PEERS,
  milliseconds,
  name,
  peerId,
  phase,
  runId,
  text
} from './fields.ts'
import { gauged } from './gauge.ts'
import { jobsAnswer } from './jobs/jobs-answer.ts'
import { capabilities, clock, exclusion } from './manifest.ts'
import { metrics } from './metric.ts'
import { measuredPath } from './path.ts'
import { type Step, step } from './phase-step.ts'
import { cutMissing, missing } from './shortfall.ts'
import { fetched, MAX_STAGED, stagedEntry } from './staged.ts'
import { machineFacts } from './sysinfo/machine.ts'
import { noiseFindings } from './sysinfo/noise.ts'
import { loadAnswer } from './tasks/task-answer.ts'
import { toolChanges } from './tool-changes.ts'
import { edge } from './trigger.ts'
import { VERDICTS } from './verdict.ts'
import { MAX_INSTANCES_OF_MEMBER } from './workload.ts'

export { type Step, step }

/**
 * Which work of members a phase `work` is about; it is about the command of the controller where there is none. `servers` and `clients` are
 * workloads. Of tasks: `prepare` on each member with clients; `setup` and `teardown` on one; `tasks` to the join point behind an element of the
 * schedule or, where a task completes it, until that has ended; then `complete` to the join point. `jobs`: members run what the controller offers them,
 * until it says that the graph is over; of a sample, or of the run where `when` says so.
 */
export const part = v.picklist(['servers', 'clients', 'prepare', 'setup', 'tasks', 'complete', 'teardown', 'jobs'])
export type Part = v.InferOutput<typeof part>

/** @returns whose workloads a part is about; undefined for the parts of tasks, and for jobs */
export const roleIn = (part: Part): 'server' | 'client' | undefined =>
  part === 'servers' ? 'server' : part === 'clients' ? 'client' : undefined

/** @returns whether a part is one of tasks */
export const isTaskPart = (part: Part | undefined): boolean => part != null && part !== 'jobs' && roleIn(part) == null

/** Which of the phases of a run it is. */
const phaseAt = {
  phase,
  /** For start, work, stop and send. */
  step: v.optional(step),
  /** For work. */
  part: v.optional(part),
  /** For work of tasks: which element of the schedule, from 1; the join point of that number is behind it. */
  element: v.optional(count),
  /** For start and stop: only the tools of these groups, in the window of a trigger; those without a trigger where it is left out. */
  groups: v.optional(list(name, 64)),
  /** For sysinfo: which of the two snapshots. For work of jobs: those before the first sample, of the role `setup`, or those behind the last, `report`. */
  when: v.optional(v.picklist(['begin', 'end']))
}
export type PhaseAt = v.InferOutput<v.ObjectSchema<typeof phaseAt, undefined>>

/** A phase of a run, with the number of its command. */
export const numberedPhase = { seq: count, ...phaseAt }

/** @returns these fields of what has more */
export const numberedPhaseOf = ({ seq, phase, step, part, element, groups, when }: PhaseAt & { seq: number }) => ({
  ...{ seq, phase, step, part, element, groups, when }
})

export const command = v.object({
  run: runId,
  epoch: count,
  attempt: count,
  ...numberedPhase,
  /** Digest of the manifest; of the offer for `join`; of nothing else. */
  subject: digest,
  issued: instant,
  /** How long the controller will wait, in ms; 0 is for ever. */
  deadline: milliseconds,
  /** For stage, once jobs have run: what of their outputs workloads get. */
  staged: v.optional(list(stagedEntry, MAX_STAGED)),
  /** For start, and for work of tasks: the controller's clock at which all begin. */
  at: v.optional(instant),
  /** For start: the tools that were attached and detached until then; left out where there are none. */
  tools: v.optional(toolChanges),
  /** For terminate: how the run ends, as far as that is known. */
  verdict: v.optional(v.picklist(VERDICTS)),
  /** Peers that are to act; all members of the run where it is left out, and whoever the offer names for join. */
  to: v.optional(list(peerId, 256)),
  /** The controller is connected with all whom it asks: a peer that gets the command from its signer need not pass it on. */
  oneHop: v.optional(v.literal(true))
})
export type Command = v.InferOutput<typeof command>
export const commandSubject: Subject<Command> = { name: 'command', schema: command }

/** Bytes that a phase left on a member. */
export const produced = v.object({
  name: text,
  digest,
  bytes: count,
  /** Of the signed list of its files, which is in it (file-list.ts). */
  files: v.optional(digest),
  /** Files that could not be packed; the tarball names them. */
  missing: v.optional(count)
})
export type Produced = v.InferOutput<typeof produced>

export const workloadResult = v.object({
  /** Exit status; left out when a signal ended it. */
  exit: v.optional(v.pipe(v.number(), v.integer())),
  signal: v.optional(text),
  /** Wall time from spawn to exit. */
  duration: milliseconds,
  timedOut: v.boolean(),
  /** Why it failed: what it said of itself by `#BAK:STATE ERR`, whatever its exit status is, or else the line of its stderr that says so. */
  error: v.optional(text),
  /** What it measured itself: lines `#BAK:METRIC` and calls of `bak sample`. */
  metrics: v.optional(metrics)
})
export type WorkloadResult = v.InferOutput<typeof workloadResult>

/** How one instance of a workload on a member ended. */
export const instanceResult = v.object({
  ...workloadResult.entries,
  workload: name,
  /** 1 .. n */
  instance: count,
  role: v.picklist(['server', 'client']),
  /** When it was started, on the controller's clock; left out where it was not. */
  began: v.optional(instant),
  /** How long after that it was ready; left out for one that never was, and for clients. */
  ready: v.optional(milliseconds),
  /** It ended because it was stopped, as servers are when the clients have ended, and not by itself. */
  stopped: v.optional(v.literal(true)),
  /** It did not end by the signal that stops it, and was killed. */
  killed: v.optional(v.literal(true))
})
export type InstanceResult = v.InferOutput<typeof instanceResult>

/** @returns `exit 3`, `ended by SIGTERM`, or `ended by signal 34` for one without a name */
export const describeExit = ({ exit, signal }: Pick<WorkloadResult, 'exit' | 'signal'>): string => {
  if (signal != null) return `ended by ${/^\d/.test(signal) ? `signal ${signal}` : signal}`
  return exit == null ? 'not started' : `exit ${exit}`
}

/** Edges in one acknowledgement. */
const MAX_EDGES = 256
/** Warnings in one acknowledgement, and things that are missing. */
const MAX_REMARKS = 64

export const ack = v.object({
  run: runId,
  epoch: count,
  seq: count,
  phase,
  subject: digest,
  outcome: v.picklist(['ok', 'failed', 'refused']),
  code: v.optional(code),
  reason: v.optional(text),
  /** The member's clock, brought to the controller's: when the command came, and when it was done. */
  received: instant,
  done: instant,
  /** For start: when its first tool was spawned, on the controller's clock. */
  began: v.optional(instant),
  /** Things that went wrong without failing the phase. */
  warnings: v.optional(list(text, MAX_REMARKS)),
  /** What was asked for and is not there, without failing the phase. */
  missing: v.optional(list(missing, MAX_REMARKS)),
  produced: v.optional(list(produced, 64)),
  capabilities: v.optional(capabilities),
  /** For start: the clock by which it began. For end: the clock, measured again, and the path to the controller then. */
  clock: v.optional(clock),
  path: v.optional(measuredPath),
  workload: v.optional(workloadResult),
  /** For work: what the output of the command said since the last answer; for all of them once it has ended. */
  edges: v.optional(list(edge, MAX_EDGES)),
  /** For stage: how much came. */
  staged: v.optional(fetched),
  /** For work: how workloads of this member ended that it is about; for stop: how all of the sample did. */
  workloads: v.optional(list(instanceResult, MAX_INSTANCES_OF_MEMBER)),
  /** For work of tasks: what its clients did; for stop: of the elements that were not answered for. */
  load: v.optional(loadAnswer),
  /** For work of jobs: the results that it has signed. */
  jobs: v.optional(jobsAnswer),
  /** For start and stop: what the load of the tool `gauge` took before and after the sample. */
  gauge: v.optional(gauged),
  /** For init: whether the machine is fit to measure, and the facts by which members are compared. */
  noise: v.optional(noiseFindings),
  machine: v.optional(machineFacts),
  /** For stop: what watching cost since the answer to start. */
  observed: v.optional(cost)
})
export type Ack = v.InferOutput<typeof ack>
export const ackSubject: Subject<Ack> = { name: 'ack', schema: ack }

/** @returns the same remarks, as many and as long as an acknowledgement may have */
export const cutRemarks = <T extends Pick<Ack, 'warnings' | 'missing'>>(done: T): T => ({
  ...done,
  warnings: done.warnings?.slice(0, MAX_REMARKS).map(cutText),
  missing: done.missing?.slice(0, MAX_REMARKS).map(cutMissing)
})

/** What of an acknowledgement says which command it answers. */
const ABOUT = ['run', 'epoch', 'seq', 'phase', 'subject'] as const

/** @returns the fields in which an acknowledgement is for something else than what it is counted for */
export const strayFields = (answer: Ack, about: Pick<Command, (typeof ABOUT)[number]>) =>
  ABOUT.filter(key => answer[key] !== about[key])

/** Which phase is over, and how it ended: in its certificate, and in the notice of that. */
export const phaseOutcome = {
  ...numberedPhase,
  /** Digest of the manifest; of the offer for `join`. */
  subject: digest,
  verdict: v.picklist(['met', 'failed']),
  /** Answers that were needed, and asked for. */
  needed: count,
  asked: count
}

export const certificate = v.object({
  run: runId,
  epoch: count,
  ...phaseOutcome,
  /** The acknowledgements, as their members signed them. */
  acks: list(envelope, MAX_PEERS),
  /** Members that are out of the run since this phase, and why. */
  excluded: list(exclusion, MAX_PEERS),
  closed: instant
})
export type Certificate = v.InferOutput<typeof certificate>
export const certificateSubject: Subject<Certificate> = { name: 'certificate', schema: certificate }

/** What travels on the topic `run` of the mesh and on the topic of a run. */
export const runMessage = v.variant('type', [
  v.object({ type: v.literal('command'), sealed: envelope }),
  v.object({ type: v.literal('notice'), sealed: envelope })
])
export type RunMessage = v.InferOutput<typeof runMessage>
