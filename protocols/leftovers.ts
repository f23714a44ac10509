/** What a peer still has of runs that are over on it: data that nobody has collected yet. Any member may ask. */
import * as v from 'valibot'
import { count, instant, list, peerId, runId, text } from './fields.ts'
import type { Protocol } from './stream.ts'

export const leftover = v.object({
  /** `data` that was not collected, or an `inbox` with the beginning of a tarball and receipts. */
  kind: v.picklist(['data', 'inbox']),
  run: runId,
  /** Of the run; not known of an inbox. */
  controller: v.optional(peerId),
  /** Tarballs, and files that could not be packed. */
  files: count,
  bytes: count,
  since: instant,
  /** On that peer. */
  folder: text
})
export type Leftover = v.InferOutput<typeof leftover>

export const leftoversProtocol: Protocol<object, { leftovers: Leftover[] }> = {
  id: '/bak/leftovers/1.0.0',
  request: v.object({}),
  response: v.object({ leftovers: list(leftover, 10_000) }),
  timeout: 10_000,
  maxFrame: 4 * 1024 * 1024,
  maxRequest: 1024
}
