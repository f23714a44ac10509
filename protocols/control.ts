/**
 * The calls that a person's program makes to the daemon of its machine, over HTTP on a unix socket:
 * `POST /v1/<call>` with a JSON body, answered by one JSON value a line. The last line may be `{"error": {code, message}}`.
 * Closing the connection gives the call up. `curl --unix-socket $BAK_HOME/bak.sock http://bak/v1/status -d '{}'` works.
 *
 * A call is one value {request, response}; its handler in the daemon is an async generator.
 */
import * as v from 'valibot'
import { link } from './adjacency.ts'
import { MAX_DURATION } from './duration.ts'
import { runEvent } from './events.ts'
import { count, digest, instant, list, MAX_PEERS, milliseconds, name, peerId, phase, runId, text } from './fields.ts'
import { availability, record, registration } from './hello.ts'
import { assignment, clock, exclusion } from './manifest.ts'
import { MAX_USES, role } from './membership.ts'
import { nat, pathClass } from './path.ts'
import { spec } from './spec.ts'
import { WORDS } from './verdict.ts'

export const CONTROL_VERSION = 'v1'

const nothing = v.strictObject({})
const anyRun = v.pipe(v.string(), v.minLength(1), v.maxLength(64))

/** A member as a peer sees it. */
export const memberView = v.object({
  ...v.omit(record, ['state', 'proof']).entries,
  /** What it may do in the mesh. */
  role,
  state: v.picklist(['alive', 'busy', 'draining', 'left', 'lost']),
  /** Unique name: with a part of the peer id where two peers share one. */
  shown: name,
  /** How this peer reaches it; not at all one that it has cut off for a while, since it sent too much. */
  path: v.picklist(['self', 'direct', 'relayed', 'indirect', 'none', 'cut-off']),
  /** Since when it has been in its state. */
  since: instant
})
export type MemberView = v.InferOutput<typeof memberView>

/** How a peer is reached from another; `via` is the name of a relay. */
export const peerReachability = v.object({
  peer: peerId,
  name,
  /** What it knows of its own place; left out while it knows nothing. */
  nat: v.optional(nat),
  /** Others are reached through it. */
  relay: v.boolean(),
  /** Left out where there is no connection. */
  path: v.optional(v.object({ class: pathClass, via: v.optional(text) })),
  /** ms */
  roundTrip: v.optional(milliseconds),
  /** What to add to this peer's clock to get its. */
  clock: v.optional(clock),
  error: v.optional(text)
})
export type PeerReachability = v.InferOutput<typeof peerReachability>

const namedPeer = v.object({ peer: peerId, name: text })

const ownReach = v.object({
  peer: peerId,
  name,
  nat: v.optional(nat),
  relay: v.boolean(),
  /** Relays through which it can be reached. */
  relays: list(namedPeer, 64),
  /** Addresses that a router opened on demand. */
  mapped: list(text, 64),
  addresses: list(text, 64)
})

/** A member, or a peer that this one does not know and another is connected with. */
const drawnPeer = v.object({
  ...namedPeer.entries,
  /** Left out of who is not known here. */
  state: v.optional(memberView.entries.state),
  /** Why it has not said with whom it is connected. */
  error: v.optional(text)
})

const { peer: _, ...word } = link.entries

/** Two peers that have a connection, as at least one of them says. */
const drawnLink = v.object({
  a: namedPeer,
  b: namedPeer,
  class: pathClass,
  /** The relay. */
  via: v.optional(namedPeer),
  /** What is said of runs goes over it, at least one way. */
  gossip: v.boolean(),
  /** Asking opened it; it stays. */
  opened: v.boolean(),
  /** What each of the two says of it: one word where the other does not tell of it. */
  said: list(v.object({ by: peerId, ...word }), 2)
})
export type TopologyLink = v.InferOutput<typeof drawnLink>

/** One line of `bak ls` and `bak ps`. */
export const runLine = v.object({
  run: runId,
  name,
  state: v.picklist(['waiting', 'running', 'ended']),
  phase: v.optional(phase),
  verdict: v.optional(v.picklist(WORDS)),
  partial: v.boolean(),
  excluded: list(exclusion, 10_000),
  controller: v.object({ peer: peerId, name }),
  created: v.optional(instant),
  took: v.optional(milliseconds),
  members: v.optional(count),
  bytes: v.optional(count),
  folder: v.optional(text)
})
export type RunLine = v.InferOutput<typeof runLine>

const plan = v.object({
  members: list(
    v.object({ peer: peerId, name, rank: count, tools: list(assignment, 256), missing: list(availability, 256) }),
    10_000
  ),
  needed: count,
  phases: list(text, 1_000_000),
  command: v.union([text, v.array(v.string())])
})
export type Plan = v.InferOutput<typeof plan>

export const status = v.object({
  name,
  peer: peerId,
  mesh: peerId,
  /** Not there for a peer that is not let in any more. */
  role: v.optional(role),
  /** When its proof runs out; not there for the founder. */
  expires: v.optional(instant),
  /** Why it is not let in any more, or will soon not be. */
  trouble: v.optional(text),
  home: text,
  program: text,
  pid: count,
  addresses: list(text, 64),
  started: instant,
  /** `enabled` while at least one run is there. */
  state: v.picklist(['standby', 'enabled', 'draining']),
  members: count,
  connections: count,
  driving: list(runId, 1024),
  taking: list(runId, 1024)
})
export type Status = v.InferOutput<typeof status>

const runRequest = v.strictObject({
  spec,
  directory: text,
  env: v.record(v.string(), v.string()),
  key: v.optional(text)
})
export type RunRequest = v.InferOutput<typeof runRequest>

/** What is known of a run, anywhere in the mesh; envelopes are CBOR in base64. */
const view = v.object({
  run: runId,
  controller: peerId,
  /** The folder, where it is on this machine. */
  folder: v.optional(text),
  /** `run.json`, as it stands. */
  record: v.optional(v.string()),
  manifest: v.optional(v.string()),
  offer: v.optional(v.string()),
  /** Digest of the manifest. */
  digest: v.optional(digest),
  certificates: list(v.string(), 100_000)
})
export type RunView = v.InferOutput<typeof view>

const knownPeer = v.object({ peer: peerId, name: v.optional(name) })
const knownInvitation = v.object({
  id: peerId,
  name: v.optional(name),
  /** What follows is not known of one whose peers show a membership by now. */
  role: v.optional(role),
  by: v.optional(knownPeer),
  issued: v.optional(instant),
  expires: v.optional(instant),
  /** How many peers may come by it; any number where it is not said. */
  uses: v.optional(count),
  peers: list(knownPeer, MAX_PEERS),
  state: v.picklist(['open', 'used-up', 'expired', 'revoked', 'unknown'])
})
export type InvitationView = v.InferOutput<typeof knownInvitation>

const moved = v.object({ run: runId, to: name, done: count, total: count, finished: v.boolean() })
const collected = v.object({
  name,
  what: text,
  bytes: count,
  outcome: v.picklist(['arrived', 'had', 'failed']),
  reason: v.optional(text)
})

export const calls = {
  status: { request: nothing, response: status },
  members: {
    request: v.strictObject({ on: v.optional(text), watch: v.optional(v.boolean()) }),
    /** Once, or again at every change with `watch`. */
    response: v.object({ members: list(memberView, 10_000) })
  },
  /** Prints a ticket; only an admin can. */
  invite: {
    request: v.strictObject({
      role: v.optional(role),
      /** How long it can be used, ms. */
      ttl: v.optional(v.pipe(milliseconds, v.minValue(1_000), v.maxValue(MAX_DURATION))),
      uses: v.optional(v.pipe(count, v.minValue(1), v.maxValue(MAX_USES))),
      name: v.optional(name)
    }),
    response: v.object({
      ticket: v.string(),
      invitation: peerId,
      role,
      expires: instant,
      name: v.optional(name),
      uses: v.optional(count)
    })
  },
  /** Those issued here, and those by which members came. */
  invites: { request: nothing, response: v.object({ invitations: list(knownInvitation, 100_000) }) },
  /** Of an invitation, all who came by it; of an admin, all whose proofs hang on it. */
  revoke: {
    request: v.strictObject({ what: v.pipe(text, v.minLength(1)), reason: v.optional(text) }),
    response: v.object({
      kind: v.picklist(['invitation', 'peer']),
      target: peerId,
      name: v.optional(name),
      /** Who was in the mesh until now. */
      dropped: list(knownPeer, MAX_PEERS),
      /** The invitation of a peer, where it still lets in who has the ticket: the same machine with another key, say. */
      open: v.optional(v.object({ id: peerId, name: v.optional(name) }))
    })
  },
  /** Gives the mesh another secret; `grace` ms is how long the older ones still let in who has a proof. */
  rotate: {
    request: v.strictObject({ grace: v.optional(v.pipe(milliseconds, v.maxValue(MAX_DURATION))) }),
    response: v.object({ generation: count, until: instant })
  },
  /** Connects to the members that are named, and says how; to nobody with `self`. */
  reachability: {
    request: v.strictObject({ on: v.optional(text), self: v.optional(v.boolean()) }),
    response: v.object({ self: ownReach, peers: list(peerReachability, 10_000) })
  },
  /** Asks every member with whom it is connected. */
  topology: {
    request: nothing,
    response: v.object({ self: peerId, members: list(drawnPeer, 100_000), links: list(drawnLink, 1_000_000) })
  },
  /** Leaves the mesh in order and ends the daemon. */
  stop: { request: v.strictObject({ leave: v.optional(v.boolean()) }), response: v.object({ stopping: v.boolean() }) },
  drain: { request: v.strictObject({ on: v.boolean() }), response: status },
  /** Asks every member what it can observe with these tools. */
  tools: {
    request: v.strictObject({ on: v.optional(text) }),
    response: v.object({ members: list(memberView, 10_000) })
  },
  register: {
    request: v.strictObject({
      on: text,
      group: name,
      add: list(v.object({ tool: name, options: list(text, 64) }), 64),
      remove: v.optional(list(name, 64))
    }),
    response: v.object({
      peer: peerId,
      name,
      registered: list(registration, 128),
      tools: list(availability, 128),
      error: v.optional(text)
    })
  },
  plan: { request: v.strictObject({ spec }), response: plan },
  /** Starts a run: first its id, then its events until it ends or the caller lets go. */
  run: { request: runRequest, response: v.union([v.object({ run: runId, existed: v.boolean() }), runEvent]) },
  attach: { request: v.strictObject({ run: anyRun, from: v.optional(count) }), response: runEvent },
  cancel: {
    request: v.strictObject({ run: anyRun, reason: v.optional(text) }),
    response: v.object({ run: runId, accepted: v.boolean() })
  },
  /** Runs whose folder is here; with `mesh` also those that other peers drive. */
  ls: {
    request: v.strictObject({ mesh: v.optional(v.boolean()), active: v.optional(v.boolean()) }),
    response: v.object({ runs: list(runLine, 100_000) })
  },
  describe: { request: v.strictObject({ run: anyRun }), response: view },
  collect: { request: v.strictObject({ run: anyRun }), response: collected },
  move: { request: v.strictObject({ run: anyRun, to: text, keep: v.optional(v.boolean()) }), response: moved }
} as const

export type Calls = typeof calls
export type CallName = keyof Calls
export type CallRequest<N extends CallName> = v.InferInput<Calls[N]['request']>
export type CallInput<N extends CallName> = v.InferOutput<Calls[N]['request']>
export type CallResponse<N extends CallName> = v.InferOutput<Calls[N]['response']>

/** A handler for each call; the compiler demands every one. */
export type CallHandlers = {
  [N in CallName]: (request: CallInput<N>, options: { signal: AbortSignal }) => AsyncIterable<CallResponse<N>>
}
