/** What a member's answer to `work` of jobs says of the results that it has signed, so that none can be left out or added later. */
import * as v from 'valibot'
import { encode } from '../codec.ts'
import { digestOf } from '../digest.ts'
import type { Envelope } from '../envelope.ts'
import { count, digest } from '../fields.ts'

export const jobsAnswer = v.object({
  /** Attempts that ended here with a signed result. */
  results: count,
  /** Of the digests of their envelopes, sorted, one behind the other. */
  digest
})
export type JobsAnswer = v.InferOutput<typeof jobsAnswer>

/** @param results in any order; one that is there twice counts once */
export function jobsAnswerOf(results: Envelope[]): JobsAnswer {
  const digests = [...new Set(results.map(each => digestOf(encode(each))))].sort()
  return { results: digests.length, digest: digestOf(Buffer.from(digests.join(''))) }
}
