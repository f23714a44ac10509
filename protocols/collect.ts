/**
 * The peer that has the result of a run, its controller or one to whom it was handed over, asks a member for the data of that run that it
 * still has. The member packs it, offers each tarball over the tarball protocol, answers with the outcome of each, and deletes what it
 * has a receipt for. What cannot be packed is `left` there.
 */
import * as v from 'valibot'
import { type Envelope, envelope } from './envelope.ts'
import { code, count, digest, list, runId, text } from './fields.ts'
import type { Protocol } from './stream.ts'

export const collected = v.object({
  what: text,
  digest: v.optional(digest),
  bytes: count,
  outcome: v.picklist(['arrived', 'failed', 'left']),
  code: v.optional(code),
  reason: v.optional(text)
})
export type Collected = v.InferOutput<typeof collected>

export interface CollectRequest {
  run: string
  /** How the result came to the peer that asks. */
  custody?: Envelope[]
}

export const collectProtocol: Protocol<CollectRequest, Collected> = {
  id: '/bak/collect/1.0.0',
  request: v.object({ run: runId, custody: v.optional(list(envelope, 64)) }),
  response: collected,
  // a tarball may take long; the tarball protocol notices a transfer that makes no progress
  timeout: 3_600_000,
  maxFrame: 64 * 1024,
  maxRequest: 64 * 1024
}
