/**
 * A controller has another peer store a file or folder, lists what is stored there, or removes something of it. The peer gets what it is to
 * store over `/bak/swarm`, and says meanwhile how far it is.
 */
import * as v from 'valibot'
import { count, digest, instant, list, MAX_PEERS, name, peerId, text } from './fields.ts'
import { fetched } from './staged.ts'
import type { Protocol } from './stream.ts'

/** Something is said at least so often while a content comes, ms. */
export const STAGE_PULSE_MS = 2_000

/** An artifact that is stored on a peer. */
export const storedArtifact = v.object({
  digest,
  name: v.optional(name),
  kind: v.picklist(['file', 'folder']),
  bytes: count,
  entries: count,
  pinned: v.boolean(),
  /** Names under which a person keeps it there: bak artifact release. */
  releases: v.optional(list(name, 16)),
  /** A run that goes on, or an exchange, needs it. */
  needed: v.boolean(),
  by: peerId,
  stored: instant,
  used: instant
})
export type StoredArtifact = v.InferOutput<typeof storedArtifact>

export const stageRequest = v.variant('type', [
  v.object({
    type: v.literal('fetch'),
    digest,
    bytes: count,
    /** For messages. */
    path: text,
    name: v.optional(name),
    pinned: v.boolean(),
    /** Others that get it. */
    from: list(peerId, MAX_PEERS)
  }),
  v.object({ type: v.literal('list') }),
  v.object({ type: v.literal('remove'), what: text })
])
export type StageRequest = v.InferOutput<typeof stageRequest>

const stageResponse = v.variant('type', [
  v.object({ type: v.literal('progress'), done: count, total: count }),
  v.object({ type: v.literal('done'), ...fetched.entries }),
  v.object({ type: v.literal('artifacts'), artifacts: list(storedArtifact, 10_000) }),
  v.object({ type: v.literal('removed'), digest, name: v.optional(name) })
])
export type StageResponse = v.InferOutput<typeof stageResponse>

export const stageProtocol: Protocol<StageRequest, StageResponse> = {
  id: '/bak/stage/1.0.0',
  request: stageRequest,
  response: stageResponse,
  timeout: 30_000,
  maxFrame: 4 * 1024 * 1024,
  maxRequest: 1024 * 1024
}
