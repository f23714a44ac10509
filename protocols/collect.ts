/**
 * The controller of a run asks a member for what still lies there of it. The member packs all that is left, offers each
 * tarball over the tarball protocol, and says how that went; what has its receipt is then deleted.
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
  // a tarball may take long; the run of bytes over the other stream is what is watched
  timeout: 3_600_000,
  maxFrame: 64 * 1024,
  maxRequest: 1024
}
