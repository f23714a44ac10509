/** Calls about the paths between peers. */
import * as v from 'valibot'
import { link } from '../adjacency.ts'
import { list, milliseconds, name, peerId, text } from '../fields.ts'
import { clock } from '../manifest.ts'
import { nat, pathClass } from '../path.ts'
import { memberView } from './mesh.ts'

/** How this peer reaches another. */
const peerReachability = v.object({
  peer: peerId,
  name,
  /** What kind of router it is behind; left out while it does not know. */
  nat: v.optional(nat),
  /** It relays connections to other peers. */
  relay: v.boolean(),
  /** Left out where there is no connection; `via` is the name of the relay. */
  path: v.optional(v.object({ class: pathClass, via: v.optional(text) })),
  roundTrip: v.optional(milliseconds),
  /** What to add to this peer's clock to get the clock of the other. */
  clock: v.optional(clock),
  error: v.optional(text)
})
export type PeerReachability = v.InferOutput<typeof peerReachability>

const namedPeer = v.object({ peer: peerId, name: text })

const ownReachability = v.object({
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

/** A member, or a peer that this one does not know and a member is connected with. */
const topologyPeer = v.object({
  ...namedPeer.entries,
  /** Left out for a peer that this one does not know. */
  state: v.optional(memberView.entries.state),
  /** Why it did not answer with its connections. */
  error: v.optional(text)
})

const { peer: _, ...reportedLink } = link.entries

/** Two peers that at least one of them reports a connection for. */
const topologyLink = v.object({
  a: namedPeer,
  b: namedPeer,
  class: pathClass,
  /** The relay. */
  via: v.optional(namedPeer),
  /** It is in the gossip mesh of a topic, for at least one of the two. */
  gossip: v.boolean(),
  /** This call opened it; it stays open. */
  opened: v.boolean(),
  /** The report of each of the two; one report where the other has none. */
  said: list(v.object({ by: peerId, ...reportedLink }), 2)
})
export type TopologyLink = v.InferOutput<typeof topologyLink>

export const reachabilityCalls = {
  /** Connects to the selected members and measures the paths to them; with `self` only this peer's own reachability. */
  reachability: {
    request: v.strictObject({ on: v.optional(text), self: v.optional(v.boolean()) }),
    response: v.object({ self: ownReachability, peers: list(peerReachability, 10_000) })
  },
  /** Asks every member for its connections. */
  topology: {
    request: v.strictObject({}),
    response: v.object({ self: peerId, members: list(topologyPeer, 100_000), links: list(topologyLink, 1_000_000) })
  }
} as const
