/**
 * Limits on what one peer may cost another. Honest peers stay far below all of them, however many share one address: costs are
 * counted by peer id, and by address only before the handshake.
 */
import type { Rate } from './token-bucket.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Frames and bytes of gossip from one neighbour. Twice what an honest one passes on (`PASSED_ON`), after a stall of 10 s. */
export const NEIGHBOUR: Rate = { perSecond: 1_000, burst: 5_000 }
export const NEIGHBOUR_BYTES: Rate = { perSecond: 16 * MIB, burst: 64 * MIB }
/**
 * New messages of all signers that this peer passes on. Below `NEIGHBOUR`, so that no neighbour cuts off a peer that keeps to this,
 * whatever that peer is sent. 10,000 members that announce themselves once a minute are 167 a second.
 */
export const PASSED_ON: Rate = { perSecond: 500, burst: 2_500 }
export const PASSED_ON_BYTES: Rate = { perSecond: 8 * MIB, burst: 32 * MIB }
/** Messages of one signer on one topic: a controller whose phases take 20 ms each signs a hundred a second. */
export const SIGNER: Rate = { perSecond: 100, burst: 1_000 }
/** Reserve of each signer for the time when all together have used up `PASSED_ON`: enough for the commands of a run. */
export const SIGNER_RESERVE: Rate = { perSecond: 2, burst: 60 }

/** Streams that one peer opens: a member of 32 runs that reconnects opens some for each at once. */
export const STREAMS: Rate = { perSecond: 100, burst: 1_000 }
/** Open streams of one peer, of one protocol and of all, over all its connections. */
export const MAX_STREAMS_OF_PROTOCOL = 64
export const MAX_STREAMS_OF_PEER = 256
/** Bytes of one peer that have arrived and are not read: a few of the largest frames. */
export const MAX_UNREAD_BYTES_OF_PEER = 96 * MIB

/** Connections of one peer: an outbound, an inbound, a relayed one, and those that replace them. */
export const MAX_CONNECTIONS_OF_PEER = 8
/** New connections of one peer: one that lost its network tries a few addresses at once, four times a second at most. */
export const CONNECTIONS: Rate = { perSecond: 2, burst: 60 }
/** Connections in their handshake, of one address and of all; the oldest makes room. */
export const MAX_PENDING_OF_ADDRESS = 128
export const MAX_PENDING = 512
/** Failed handshakes of one address: a peer with a wrong ticket tries once in 3 s. */
export const FAILED_HANDSHAKES: Rate = { perSecond: 20, burst: 600 }
