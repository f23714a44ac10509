/**
 * How two members that have a direct connection get a second one for one use, transfers or a run: one that TLS ciphers, with a key that
 * is good for one handshake, told over the first connection. The peer that dialled the first dials the second as well, since
 * that way was open. If it is the one that wants it, it asks for a `key`; else the other makes the key and says `come`, and is
 * answered `here` when it stands. Where both dialled at the same time, since routers are between them, both do so again: the
 * peer with the smaller id leads, as in `direct.ts`, and counts as the one that dials.
 */
import * as v from 'valibot'
import { directProtocol } from './direct.ts'
import { bytes } from './fields.ts'
import type { Protocol } from './stream.ts'

export const KEY_BYTES = 32

/** What the one that dials shows, and what it proves that it holds. */
const key = {
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'not the name of a key')),
  key: v.pipe(bytes(KEY_BYTES), v.length(KEY_BYTES))
}
/** What goes over it: tarballs, or the acknowledgements of one run. */
const use = v.picklist(['tarball', 'acks'])
export type Use = v.InferOutput<typeof use>
const request = v.variant('type', [
  v.object({ type: v.literal('key'), use }),
  v.object({ type: v.literal('come'), use, ...key })
])
const response = v.variant('type', [
  v.object({ type: v.literal('key'), ...key }),
  v.object({ type: v.literal('here') })
])
export type BulkRequest = v.InferOutput<typeof request>
export type BulkResponse = v.InferOutput<typeof response>

export const bulkProtocol: Protocol<BulkRequest, BulkResponse> = {
  id: '/bak/bulk/1.0.0',
  request,
  response,
  timeout: 8_000,
  maxFrame: 1024
}

/** What is said while both dial, word for word as in `direct.ts`; no addresses are told. */
export const punchAgainProtocol = { ...directProtocol, id: '/bak/bulk-punch/1.0.0' }
