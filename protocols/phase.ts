/**
 * The one primitive: a signed command to all members, a signed acknowledgement from each over a stream of its own to the
 * controller, a certificate.
 *
 * The stream is opened by the member at `join` and kept until `terminate`. Who has it open gets commands over it; gossip
 * carries them to the rest: to all at `join`, to whose stream broke, and to the whole mesh if the phase is not over soon.
 * Commands are numbered by (run, epoch, seq) and published again, with `attempt` counted up, until the phase is over; a
 * member acts on the first and answers the repeats with the acknowledgement it already has. Over the stream the controller
 * says, too, that it is still there, and which acknowledgement it refused. A certificate is held by the controller and a few
 * members; the mesh hears its digest (`notice.ts`).
 *
 * In a run with many members some are heads of branches: those below a head open the same stream to it, too. It passes on what
 * the controller commands, and sends up the answers that it gathered: the good ones bundled, the others as they are.
 */
import * as v from 'valibot'
import { decode, encode } from './codec.ts'
import { cost } from './cost.ts'
import { type Envelope, envelope, MAX_BODY, type Subject } from './envelope.ts'
import {
  bytes,
  code,
  count,
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
import { capabilities, clock, exclusion } from './manifest.ts'
import { measuredPath } from './path.ts'
import type { Protocol } from './stream.ts'

/** Which sample of which iteration a phase is about. */
export const step = v.object({
  /** 1 .. n */
  number: count,
  name,
  /** 1 .. n */
  sample: count
})
export type Step = v.InferOutput<typeof step>

/** The folder of a step in the result and on members: `1-default/sample1`. */
export const stepFolder = (at: Step) => `${at.number}-${at.name}/sample${at.sample}`

export const command = v.object({
  run: runId,
  epoch: count,
  seq: count,
  attempt: count,
  phase,
  /** Digest of the manifest; of the offer for `join`; of nothing else. */
  subject: digest,
  issued: instant,
  /** How long the controller will wait, in ms; 0 is for ever. */
  deadline: milliseconds,
  /** For start, work, stop and send. */
  step: v.optional(step),
  /** For sysinfo: which of the two snapshots. */
  when: v.optional(v.picklist(['begin', 'end'])),
  /** For start: the controller's clock at which all begin. */
  at: v.optional(instant),
  /** Peers that are to act; all members of the run where it is left out, and whoever the offer names for join. */
  to: v.optional(list(peerId, 256))
})
export type Command = v.InferOutput<typeof command>
export const commandSubject: Subject<Command> = { name: 'command', schema: command }

/** Bytes that a phase left on a member. */
export const produced = v.object({ name: text, digest, bytes: count })
export type Produced = v.InferOutput<typeof produced>

export const workloadResult = v.object({
  /** Exit status; left out when a signal ended it. */
  exit: v.optional(v.pipe(v.number(), v.integer())),
  signal: v.optional(text),
  /** Wall time from spawn to exit. */
  duration: milliseconds,
  timedOut: v.boolean()
})
export type WorkloadResult = v.InferOutput<typeof workloadResult>

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
  warnings: v.optional(list(text, 64)),
  produced: v.optional(list(produced, 64)),
  capabilities: v.optional(capabilities),
  /** For start: the clock by which it began. For end: the clock, measured again, and the path to the controller then. */
  clock: v.optional(clock),
  path: v.optional(measuredPath),
  workload: v.optional(workloadResult),
  /** For stop: what watching cost since the answer to start. */
  observed: v.optional(cost)
})
export type Ack = v.InferOutput<typeof ack>
export const ackSubject: Subject<Ack> = { name: 'ack', schema: ack }

/** What of an acknowledgement says which command it answers. */
const ABOUT = ['run', 'epoch', 'seq', 'phase', 'subject'] as const

/** @returns the fields in which an acknowledgement is for something else than what it is counted for */
export const strayFields = (answer: Ack, about: Pick<Command, (typeof ABOUT)[number]>) =>
  ABOUT.filter(key => answer[key] !== about[key])

/** Which phase is over, and how it ended: in its certificate, and in the notice of that. */
export const phaseOutcome = {
  seq: count,
  phase,
  /** Digest of the manifest; of the offer for `join`. */
  subject: digest,
  step: v.optional(step),
  when: v.optional(v.picklist(['begin', 'end'])),
  verdict: v.picklist(['met', 'failed']),
  /** Answers that were needed, and asked for. */
  needed: count,
  asked: count
}

/** Bytes of answers in one bundle, and of one that goes into a bundle; a longer one travels by itself. */
export const MAX_BUNDLE = 64 * 1024
export const MAX_BUNDLED = 4 * 1024
/** A CBOR list of acknowledgements as their members signed them: nobody on the way has to read them. */
const bundle = bytes(MAX_BUNDLE + MAX_BUNDLED)
const bundled = list(envelope, MAX_PEERS)

export const certificate = v.object({
  run: runId,
  epoch: count,
  ...phaseOutcome,
  /** The acknowledgements, as their members signed them: those that came by themselves, and those that heads gathered. */
  acks: list(envelope, MAX_PEERS),
  bundles: v.optional(list(bundle, MAX_PEERS)),
  /** Who is out of the run since this phase, and why. */
  excluded: list(exclusion, MAX_PEERS),
  closed: instant
})
export type Certificate = v.InferOutput<typeof certificate>
export const certificateSubject: Subject<Certificate> = { name: 'certificate', schema: certificate }

export const bundleOf = (acks: Envelope[]): Uint8Array => encode(acks)
/** @throws {BakError} `bad-message` */
export const unbundle = (sealed: Uint8Array): Envelope[] => decode(bundled, sealed)

/** What travels on the topic `run`. */
export const runMessage = v.variant('type', [
  v.object({ type: v.literal('command'), sealed: envelope }),
  v.object({ type: v.literal('notice'), sealed: envelope })
])
export type RunMessage = v.InferOutput<typeof runMessage>

const fromMember = v.variant('type', [
  v.object({ type: v.literal('open'), run: runId }),
  /** Its own, or that of a member below it. */
  v.object({ type: v.literal('ack'), sealed: envelope }),
  v.object({
    type: v.literal('answers'),
    seq: count,
    /** All of them say ok; `ranks` are those of who signed them, in their order. */
    bundles: list(v.object({ ranks: list(count, MAX_PEERS), sealed: bundle }), 1024),
    /** Ranks of members below it that it cannot tell. */
    unheard: list(count, MAX_PEERS)
  }),
  /** What time is it there? With the member's clock when it asks. */
  v.object({ type: v.literal('time'), asked: instant })
])
const fromController = v.variant('type', [
  /** The controller is there; sent at opening and a few times in each lease. */
  v.object({ type: v.literal('lease') }),
  v.object({ type: v.literal('command'), sealed: envelope }),
  /** To be held for others, who have heard its digest. */
  v.object({ type: v.literal('certificate'), sealed: envelope }),
  /** How phases ended, where no peer of the mesh is without such a line: by gossip it comes to each several times. */
  v.object({ type: v.literal('notice'), sealed: envelope }),
  v.object({ type: v.literal('refused'), seq: count, code, reason: text }),
  /** The controller's clock when it heard the question, and when it answers. */
  v.object({ type: v.literal('time'), asked: instant, heard: instant, answered: instant })
])
export type FromMember = v.InferOutput<typeof fromMember>
export type FromController = v.InferOutput<typeof fromController>
export type Answers = Extract<FromMember, { type: 'answers' }>

export const acksProtocol: Protocol<FromMember, FromController> = {
  id: '/bak/acks/1.0.0',
  request: fromMember,
  response: fromController,
  timeout: Number.POSITIVE_INFINITY,
  // a certificate of thousands
  maxFrame: MAX_BODY + 1024,
  maxRequest: 256 * 1024
}

/** Gives content by digest: an offer, a manifest, a file. The one who asks sets the pace, one portion a request. */
export const getProtocol: Protocol<
  { digest: string; offset: number; length: number },
  { total: number; bytes: Uint8Array }
> = {
  id: '/bak/get/1.0.0',
  request: v.object({ digest, offset: count, length: v.pipe(count, v.maxValue(1024 * 1024)) }),
  response: v.object({ total: count, bytes: bytes(1024 * 1024) }),
  timeout: 15_000,
  maxFrame: 1024 * 1024 + 1024,
  maxRequest: 1024
}

/** Four timestamps: the caller's clock when it asked, the other's when it heard and when it answered. */
export const clockProtocol: Protocol<{ asked: number }, { asked: number; heard: number; answered: number }> = {
  id: '/bak/clock/1.0.0',
  request: v.object({ asked: instant }),
  response: v.object({ asked: instant, heard: instant, answered: instant }),
  timeout: 5_000,
  maxFrame: 1024
}

/** Gets back what it sends, before a run asks the peer to join. */
export interface Echoed {
  bytes: Uint8Array
}
const MAX_ECHO = 64 * 1024
export const echoProtocol: Protocol<Echoed, Echoed> = {
  id: '/bak/echo/1.0.0',
  request: v.object({ bytes: bytes(MAX_ECHO) }),
  response: v.object({ bytes: bytes(MAX_ECHO) }),
  timeout: 10_000,
  maxFrame: MAX_ECHO + 1024
}

/** Asks the controller of a run to cancel it. */
export const cancelProtocol: Protocol<{ run: string; reason: string }, { accepted: boolean }> = {
  id: '/bak/cancel/1.0.0',
  request: v.object({ run: runId, reason: text }),
  response: v.object({ accepted: v.boolean() }),
  timeout: 10_000,
  maxFrame: 16 * 1024
}
