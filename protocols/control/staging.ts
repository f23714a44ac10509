/** Calls about what is staged on the members. */
import * as v from 'valibot'
import { code, count, digest, list, name, peerId, text } from '../fields.ts'
import { storedArtifact } from '../stage.ts'
import { fetched } from '../staged.ts'

const member = { peer: v.optional(peerId), name }
const failed = { ...member, code, error: text }

export const stagingCalls = {
  /** Has the selected members store a file or folder of this machine; answers for each, and meanwhile how far it is. */
  stage: {
    request: v.strictObject({
      path: text,
      directory: text,
      on: text,
      as: v.optional(name),
      pin: v.optional(v.boolean())
    }),
    response: v.variant('state', [
      v.object({ state: v.literal('taken'), digest, bytes: count, entries: count }),
      v.object({ state: v.literal('fetching'), ...member, done: count, total: count }),
      v.object({ state: v.literal('here'), ...member, ...fetched.entries }),
      v.object({ state: v.literal('failed'), ...failed })
    ])
  },
  /** What is stored on each selected member. */
  staged: {
    request: v.strictObject({ on: v.optional(text) }),
    response: v.object({
      ...member,
      artifacts: list(v.object({ ...storedArtifact.entries, byName: v.optional(name) }), 10_000),
      code: v.optional(code),
      error: v.optional(text)
    })
  },
  /** Removes something that is stored on the selected members; answers for those that had it, or failed. */
  unstage: {
    request: v.strictObject({ what: v.pipe(text, v.minLength(1)), on: v.optional(text) }),
    response: v.variant('state', [
      v.object({ state: v.literal('removed'), ...member, digest, as: v.optional(name) }),
      v.object({ state: v.literal('absent'), ...member }),
      v.object({ state: v.literal('failed'), ...failed })
    ])
  }
} as const
