/** Which sample of which iteration something is about. */
import * as v from 'valibot'
import { count, iterationName } from './fields.ts'

export const step = v.object({
  /** 1 .. n */
  number: count,
  name: iterationName,
  /** 1 .. n; warm-ups are numbered by themselves. */
  sample: count,
  /** It counts for nothing. */
  warmup: v.optional(v.literal(true))
})
export type Step = v.InferOutput<typeof step>
