/**
 * Who is in the mesh. Each peer signs a record of itself and publishes it on the topic `hello` when it joins, when the
 * record changes, and about once a minute; two peers that connect swap the records that the other has not, over a stream, so that
 * a newcomer knows the mesh at once. The higher `version` of a record wins; its signature lets anyone pass it on.
 * A peer that goes says so (`left`). One that cannot be reached any more is reported (`lost`) by who lost it; if it is
 * alive it answers with a newer record.
 */
import * as v from 'valibot'
import { envelope, type Subject } from './envelope.ts'
import {
  code,
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
import { nat } from './path.ts'
import type { Protocol } from './stream.ts'

/** All that is gossiped about; nothing else is passed on. */
export const TOPICS = ['hello', 'run', 'trust'] as const
export const topicName = (mesh: string, subject: string, major = 1) => `/bak/${mesh}/${subject}/${major}`
/** The topic of one run, for those that take part in it. */
export const runTopicName = (mesh: string, run: string) => topicName(mesh, `run/${run}`)

/** Whether a tool can be used on a peer, and if not, why. */
export const availability = v.object({
  tool: name,
  usable: v.boolean(),
  /** Version of the program, where it has one. */
  version: v.optional(text),
  /** Why it is not usable, or what it cannot show for want of privilege. */
  reason: v.optional(text)
})
export type Availability = v.InferOutput<typeof availability>

/** A tool that a person registered on a peer for a group. */
export const registration = v.object({ group: name, tool: name, options: list(text, 64) })
export type Registration = v.InferOutput<typeof registration>

/** A run that a peer drives. */
export const drivenRun = v.object({ run: runId, name, phase: v.optional(phase), manifest: v.optional(digest) })

export const record = v.object({
  peer: peerId,
  name,
  /** Grows with every change: milliseconds since 1970 at the first record of a daemon's life, then one more each. */
  version: count,
  state: v.picklist(['alive', 'busy', 'draining', 'left']),
  labels,
  addresses: list(multiaddress, 32),
  /** Others may be reached through this peer. */
  relay: v.optional(v.boolean()),
  nat: v.optional(nat),
  /** Those of its addresses that a router opened on demand. */
  mapped: v.optional(list(multiaddress, 8)),
  tools: list(availability, 128),
  registered: list(registration, 128),
  runs: list(drivenRun, 64),
  cores: count,
  /** Bytes. */
  memory: count,
  os: text,
  arch: text,
  program: text,
  started: instant,
  /** That the peer belongs to the mesh, and as what; absent for the founder. */
  proof: v.optional(proofBytes)
})
export type MemberRecord = v.InferOutput<typeof record>

export const memberSubject: Subject<MemberRecord> = { name: 'member', schema: record }

/** "I lost this peer", with the version of the record that I hold of it. */
export const lostReport = v.object({ peer: peerId, version: count })
export const lostSubject: Subject<v.InferOutput<typeof lostReport>> = { name: 'lost', schema: lostReport }

/** What travels on the topic `hello`. */
export const helloMessage = v.variant('type', [
  v.object({ type: v.literal('record'), sealed: envelope }),
  v.object({ type: v.literal('lost'), sealed: envelope })
])

const version = v.object({ peer: peerId, version: count })

/** Records in one frame: checking their signatures takes a twentieth of a second. */
export const RECORDS_PER_FRAME = 200
/** Records on their way, and whose of them speak of a peer that is lost to the one who gives them. */
const given = { records: list(envelope, RECORDS_PER_FRAME), lost: v.optional(list(peerId, RECORDS_PER_FRAME)) }

/**
 * Two peers that connect make their tables equal: the caller says which records it has, the other gives what is newer, in
 * portions, and says in the last what it wants; the caller gives that.
 */
const swapRequest = v.variant('type', [
  v.object({ type: v.literal('have'), versions: list(version, MAX_PEERS) }),
  v.object({ type: v.literal('give'), ...given })
])
const swapResponse = v.object({ ...given, want: list(peerId, MAX_PEERS) })
export type SyncRequest = v.InferOutput<typeof swapRequest>
export type SyncResponse = v.InferOutput<typeof swapResponse>

export const recordsProtocol: Protocol<SyncRequest, SyncResponse> = {
  id: '/bak/records/1.0.0',
  request: swapRequest,
  response: swapResponse,
  timeout: 10_000,
  maxFrame: 8 * 1024 * 1024
}

/** Asks one peer to register or clear tools on itself. */
export const registerRequest = v.object({
  group: name,
  add: list(v.object({ tool: name, options: list(text, 64) }), 64),
  /** Names to take off; empty with no `add` takes off the whole group. */
  remove: v.optional(list(name, 64))
})
export const registerProtocol: Protocol<
  v.InferOutput<typeof registerRequest>,
  { registered: Registration[]; tools: Availability[] }
> = {
  id: '/bak/register/1.0.0',
  request: registerRequest,
  response: v.object({ registered: list(registration, 128), tools: list(availability, 128) }),
  timeout: 15_000,
  maxFrame: 256 * 1024
}

export const refusal = v.object({ code, message: text })
