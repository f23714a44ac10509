/**
 * The controller of a run asks a member for the data of that run that it still has. The member packs it, offers each tarball
 * over the tarball protocol, answers with the outcome of each, and deletes what it has a receipt for.
 */
import * as v from 'valibot'
import { code, count, digest, runId, text } from './fields.ts'
import type { Protocol } from './stream.ts'

export const collected = v.object({
  what: text,
  digest,
  bytes: count,
  outcome: v.picklist(['arrived', 'failed']),
  code: v.optional(code),
  reason: v.optional(text)
})
export type Collected = v.InferOutput<typeof collected>

export const collectProtocol: Protocol<{ run: string }, Collected> = {
  id: '/bak/collect/1.0.0',
  request: v.object({ run: runId }),
  response: collected,
  // a tarball may take long; the tarball protocol notices a transfer that makes no progress
  timeout: 3_600_000,
  maxFrame: 64 * 1024,
  maxRequest: 1024
}
