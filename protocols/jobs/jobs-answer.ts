/** What a member's answer to `work` of jobs says of the results that it has signed, so that none can be left out or added later. */
import * as v from 'valibot'
import { encode } from '../codec.ts'
import { digestOf } from '../digest.ts'
import type { Envelope } from '../envelope.ts'
import { count, digest } from '../fields.ts'

export const jobsAnswer = v.object({
  /** Attempts that ended here with a signed result that the controller has. */
  results: count,
  /** Of the digests of their envelopes, sorted, one behind the other. */
  digest
})
export type JobsAnswer = v.InferOutput<typeof jobsAnswer>

/** @param results in any order; one that is there twice counts once */
export const jobsAnswerOf = (results: Envelope[]): JobsAnswer => jobsAnswerOfDigests(results.map(resultDigest))

export const resultDigest = (result: Envelope): string => digestOf(encode(result))

/** @param digests of the envelopes */
export function jobsAnswerOfDigests(digests: Iterable<string>): JobsAnswer {
  const sorted = [...new Set(digests)].sort()
  return { results: sorted.length, digest: digestOf(Buffer.from(sorted.join(''))) }
}
