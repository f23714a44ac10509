/**
 * Peers tell each other which jobs they have done, on the topic `jobs` of the mesh: a result that is known need not be made again. A message has
 * results of one member, which signs all of them together, so that a peer checks one signature for many results; the signature of each result is
 * checked when it is used. What was not heard is only done again, so nothing is repeated.
 */
import * as v from 'valibot'
import { envelope, type Subject } from '../envelope.ts'
import { list } from '../fields.ts'

/** Of one message. */
export const MAX_ANNOUNCED = 64

/** Envelopes of job results that are done, each of the peer that signs the message. */
export const jobsDone = v.object({ results: v.pipe(list(envelope, MAX_ANNOUNCED), v.minLength(1)) })
export type JobsDone = v.InferOutput<typeof jobsDone>
export const jobsDoneSubject: Subject<JobsDone> = { name: 'jobs-done', schema: jobsDone }
