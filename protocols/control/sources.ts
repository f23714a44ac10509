/** The call about inputs of jobs that are fetched from addresses. */
import * as v from 'valibot'
import { code, count, digest, list, text } from '../fields.ts'
import { MAX_EDGES, sourceUrl } from '../jobs/job.ts'

const source = { url: sourceUrl, sha256: digest }

export const sourceCalls = {
  /** Which of these are here; with `download` those that are not are fetched, one after the other. */
  'job-sources': {
    request: v.strictObject({
      sources: list(v.strictObject(source), MAX_EDGES),
      download: v.optional(v.boolean())
    }),
    response: v.variant('state', [
      v.object({ state: v.literal('absent'), ...source }),
      /** `total` where the server says it. */
      v.object({ state: v.literal('fetching'), ...source, done: count, total: v.optional(count) }),
      /** The artifact that it is, and whether it was fetched just now. */
      v.object({ state: v.literal('here'), ...source, digest, bytes: count, fetched: v.boolean() }),
      v.object({ state: v.literal('failed'), ...source, code, error: text })
    ])
  }
} as const
