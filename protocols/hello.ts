/**
 * Membership. Each peer signs a record of itself and publishes it on the topic `hello` when it joins, when the record changes, and
 * periodically. Two peers that connect sync over a stream: each sends the records that the other lacks, so that a newcomer knows the mesh
 * at once. The higher `version` of a record wins; as it is signed, any peer may pass it on. A peer that leaves announces it (`left`). A
 * peer that cannot be reached any more is reported (`lost`) by the peer that noticed; if it is alive it refutes that with a newer record.
 */
import * as v from 'valibot'
import { envelope, type Subject } from './envelope.ts'
import {
  count,
  digest,
  instant,
  labels,
  list,
  MAX_PEERS,
  multiaddress,
  name,
  peerId,
  phase,
  runId,
  text
} from './fields.ts'
import { proofBytes } from './membership.ts'
import { lifetime, onEnd } from './on-end.ts'
import { nat } from './path.ts'
import { seconds } from './spec-fields.ts'
import type { Protocol } from './stream.ts'
import { type GroupTrigger, groupTriggers, trigger } from './trigger.ts'

/** Topics of every mesh; peers pass on no others. */
export const TOPICS = ['hello', 'run', 'trust', 'jobs'] as const
export const topicName = (mesh: string, subject: string, major = 1) => `/bak/${mesh}/${subject}/${major}`
/** The topic of one run, for those that take part in it. */
export const runTopicName = (mesh: string, run: string) => topicName(mesh, `run/${run}`)

/** Whether a tool can be used on a peer, and if not, why not. */
export const availability = v.object({
  tool: name,
  usable: v.boolean(),
  /** Version of the program, if it has one. */
  version: v.optional(text),
  /** It runs from `init` to `end`; in the answer to `join`. */
  lifetime: v.optional(v.literal('persistent')),
  /** What it says itself of its end before it is stopped. */
  onEnd: v.optional(onEnd),
  /** Why the tool is not usable, or what it cannot show without privileges. */
  reason: v.optional(text)
})
export type Availability = v.InferOutput<typeof availability>

/** Words of a program that a person registered: every peer of the mesh keeps them. */
const command = v.pipe(list(text, 64), v.minLength(1))

/** A tool that a person registered on a peer for a group. */
export const registration = v.object({
  group: name,
  tool: name,
  options: list(text, 64),
  /** Makes it a tool of the user: a program that runs between start and stop. */
  command: v.optional(command),
  /** Seconds between two samples. */
  interval: v.optional(v.pipe(seconds, v.minValue(0.1))),
  lifetime: v.optional(lifetime),
  /** What its peer is called in this group, in the result and by selectors: one for a peer and group. */
  label: v.optional(name)
})
export type Registration = v.InferOutput<typeof registration>

/** A run that a peer drives. */
export const drivenRun = v.object({
  run: runId,
  name,
  phase: v.optional(phase),
  manifest: v.optional(digest),
  /** Orders the runs of one peer. */
  begun: instant
})

export const record = v.object({
  peer: peerId,
  name,
  /** Grows with every announcement: ms since 1970 or one more than before, whichever is higher. */
  version: count,
  state: v.picklist(['alive', 'busy', 'draining', 'left']),
  labels,
  addresses: list(multiaddress, 32),
  /** Others may be reached through this peer. */
  relay: v.optional(v.boolean()),
  nat: v.optional(nat),
  /** Those of the addresses that a router opened on demand. */
  mapped: v.optional(list(multiaddress, 8)),
  tools: list(availability, 128),
  registered: list(registration, 128),
  triggers: v.optional(groupTriggers),
  runs: list(drivenRun, 64),
  cores: count,
  /** Bytes. */
  memory: count,
  os: text,
  arch: text,
  program: text,
  started: instant,
  /** It was told that another daemon has its key. */
  twin: v.optional(v.boolean()),
  /** Proof of membership and role; absent for the founder. */
  proof: v.optional(proofBytes)
})
export type MemberRecord = v.InferOutput<typeof record>

export const memberSubject: Subject<MemberRecord> = { name: 'member', schema: record }

/** A peer cannot be reached any more; with the version of the reporter's record of it. */
export const lostReport = v.object({
  peer: peerId,
  version: count,
  /** A person says that it will not come back: those that hold it for gone drop its record. */
  forget: v.optional(v.literal(true))
})
export type LostReport = v.InferOutput<typeof lostReport>
export const lostSubject: Subject<LostReport> = { name: 'lost', schema: lostReport }

/** A message on the topic `hello`. */
export const helloMessage = v.variant('type', [
  v.object({ type: v.literal('record'), sealed: envelope }),
  v.object({ type: v.literal('lost'), sealed: envelope })
])

const version = v.object({ peer: peerId, version: count })

/** Verifying the signatures of one frame takes 50 ms. */
export const RECORDS_PER_FRAME = 200
/** Records, and which of their peers the sender of the frame cannot reach. */
const frame = { records: list(envelope, RECORDS_PER_FRAME), lost: v.optional(list(peerId, RECORDS_PER_FRAME)) }

/**
 * Two peers that connect make their tables equal: the caller lists the versions that it has; the other side sends newer records, in
 * frames, and in the last frame lists the records that it wants; the caller sends those.
 */
const syncRequest = v.variant('type', [
  v.object({ type: v.literal('have'), versions: list(version, MAX_PEERS) }),
  v.object({ type: v.literal('give'), ...frame })
])
const syncResponse = v.object({ ...frame, want: list(peerId, MAX_PEERS) })
export type SyncRequest = v.InferOutput<typeof syncRequest>
export type SyncResponse = v.InferOutput<typeof syncResponse>

export const syncProtocol: Protocol<SyncRequest, SyncResponse> = {
  id: '/bak/sync/1.0.0',
  request: syncRequest,
  response: syncResponse,
  timeout: 10_000,
  maxFrame: 8 * 1024 * 1024
}

/** Asks one peer to register or clear tools on itself. */
export const registerRequest = v.object({
  group: name,
  /** A tool may be the name of a set, of which the peer registers what it can run. */
  add: list(v.omit(registration, ['group']), 64),
  /** Names to remove; a request that changes nothing else removes the whole group, with its trigger. */
  remove: v.optional(list(name, 64)),
  /** Registers also what the peer cannot run now. */
  force: v.optional(v.boolean()),
  /** Of the group, in the place of the one that it has. */
  trigger: v.optional(trigger),
  dropTrigger: v.optional(v.literal(true))
})
export type RegisterRequest = v.InferOutput<typeof registerRequest>

/** What is registered on the peer now, and for each tool that was asked for whether it can be used there: what cannot is not registered. */
const registerResponse = v.object({
  registered: list(registration, 128),
  tools: list(availability, 128),
  triggers: v.optional(groupTriggers)
})
export const registerProtocol: Protocol<RegisterRequest, Registered> = {
  id: '/bak/register/1.0.0',
  request: registerRequest,
  response: registerResponse,
  timeout: 15_000,
  maxFrame: 256 * 1024
}
export interface Registered {
  registered: Registration[]
  tools: Availability[]
  triggers?: GroupTrigger[] | undefined
}
