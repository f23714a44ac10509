/**
 * What one peer may cost another. Honest peers stay far below all of it, however many there are behind one address: what is
 * counted is counted by peer id, and by address only for those who have not shown who they are.
 */
import type { Rate } from './token-bucket.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Frames and bytes of gossip from one neighbour. Twice what an honest one passes on (`PASSED_ON`), after a stall of 10 s. */
export const NEIGHBOUR: Rate = { each: 1_000, burst: 5_000 }
export const NEIGHBOUR_BYTES: Rate = { each: 16 * MIB, burst: 64 * MIB }
/**
 * New messages of all signers that this peer passes on. Less than `NEIGHBOUR`, so that whoever keeps to it is cut off by
 * nobody, whatever it is sent. 10,000 members that announce themselves once a minute are 167 a second.
 */
export const PASSED_ON: Rate = { each: 500, burst: 2_500 }
export const PASSED_ON_BYTES: Rate = { each: 8 * MIB, burst: 32 * MIB }
/** Messages of one signer on one topic: a controller whose phases take 20 ms each signs a hundred a second. */
export const SIGNER: Rate = { each: 100, burst: 1_000 }
/** What a signer may say while others say so much that nothing is left: enough for the commands of a run. */
export const QUIET_SIGNER: Rate = { each: 2, burst: 60 }

/** Streams that one peer opens: a member of 32 runs that comes back opens some for each at once. */
export const STREAMS: Rate = { each: 100, burst: 1_000 }
/** Streams that one peer has open here, of one protocol and of all, on all its connections. */
export const MAX_STREAMS_OF_PROTOCOL = 64
export const MAX_STREAMS_OF_PEER = 256
/** Bytes of one peer that have arrived and are not read: a few of the largest frames. */
export const MAX_UNREAD_OF_PEER = 64 * MIB

/** Connections of one peer: one that it dialled, one that was dialled, one through a relay, and those that replace them. */
export const MAX_CONNECTIONS_OF_PEER = 8
/** Connections that one peer makes: one that lost its network tries a few addresses at once, four times a second at most. */
export const CONNECTIONS: Rate = { each: 2, burst: 60 }
/** Connections that are not through their handshake, of one address and of all; the oldest makes room. */
export const MAX_PENDING_OF_ADDRESS = 128
export const MAX_PENDING = 512
/** Connections of one address that do not get through their handshake: a person's wrong ticket tries once in 3 s. */
export const FAILED_HANDSHAKES: Rate = { each: 20, burst: 600 }
