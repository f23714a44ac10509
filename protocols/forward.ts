/**
 * Streams by way of a neighbour: `/bak/forward` asks it to join this stream with one to another peer, `/bak/forwarded` is the stream
 * that it opens there. One frame each way, then the bytes of the two ends.
 */
import * as v from 'valibot'
import { code, peerId, text } from './fields.ts'

export const forwardProtocol = '/bak/forward/1.0.0'
export const forwardedProtocol = '/bak/forwarded/1.0.0'
/** Bytes. */
export const MAX_FORWARD_FRAME = 4096

const protocolId = v.pipe(v.string(), v.maxLength(128))

export const forwardRequest = v.object({
  /** To the neighbour: the addressee. To the addressee: the caller. */
  peer: peerId,
  /** The protocol that the stream is for. */
  protocol: protocolId,
  /** Id of the encrypter that the ends use over it. */
  encrypter: protocolId
})
export type ForwardRequest = v.InferOutput<typeof forwardRequest>

export const forwardReply = v.union([v.object({ ok: v.literal(true) }), v.object({ code, message: text })])
