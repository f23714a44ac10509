/**
 * The exchange of one artifact among many peers, over one stream for each pair of them. Either side may lack chunks and have others, so
 * both say the same messages, and nobody sends a chunk that it was not asked for:
 *
 *     hello    first, from each side: which content, and whether the sender has its listing
 *     listing  to a side that has none; of a small content with all of it
 *     have     chunks that the sender has, or as many of them as it wants to be asked for
 *     get      asks for a chunk that the other side has
 *     chunk    the bytes, or `no` where they cannot be had now
 *
 * What comes is checked by the listing, which the digest of the content names. A side that has all closes the stream once the other has.
 */
import * as v from 'valibot'
import { MAX_ARTIFACT_BYTES, MAX_CHUNK_BYTES, MAX_LISTING_BYTES } from './artifact.ts'
import { bytes, count, digest, list, MAX_PEERS } from './fields.ts'
import type { Protocol } from './stream.ts'

/** A content up to this size comes with its listing. */
export const MAX_WHOLE_BYTES = 64 * 1024
export const MAX_CHUNKS = MAX_ARTIFACT_BYTES / MAX_CHUNK_BYTES
/** Chunks that one side may ask for and not have been sent. */
export const MAX_ASKED = 16
/** A stream on which nobody says anything for so long ends, ms; who still lacks something opens another. */
const SILENCE_TIMEOUT_MS = 60_000

const chunk = v.pipe(count, v.maxValue(MAX_CHUNKS - 1))

export const swarmMessage = v.variant('type', [
  v.object({
    type: v.literal('hello'),
    content: digest,
    knows: v.boolean(),
    /** Peers that it means to get the content from: where they are few, one that has all of it shows all of it. */
    peers: v.pipe(count, v.maxValue(MAX_PEERS))
  }),
  v.object({ type: v.literal('listing'), bytes: bytes(MAX_LISTING_BYTES), whole: v.optional(bytes(MAX_WHOLE_BYTES)) }),
  v.object({ type: v.literal('have'), chunks: list(chunk, MAX_CHUNKS) }),
  v.object({ type: v.literal('get'), chunk }),
  v.object({ type: v.literal('chunk'), chunk, bytes: bytes(MAX_CHUNK_BYTES) }),
  v.object({ type: v.literal('no'), chunk })
])
export type SwarmMessage = v.InferOutput<typeof swarmMessage>
export type Hello = Extract<SwarmMessage, { type: 'hello' }>

export const swarmProtocol: Protocol<SwarmMessage, SwarmMessage> = {
  id: '/bak/swarm/1.0.0',
  request: swarmMessage,
  response: swarmMessage,
  timeout: SILENCE_TIMEOUT_MS,
  maxFrame: MAX_LISTING_BYTES + MAX_WHOLE_BYTES + 1024,
  // what is asked for and not read yet
  maxUnread: 2 * MAX_CHUNK_BYTES
}
