/** What a member tells at once of a workload that it runs; the answers to `work` and `stop` say how it ended, signed. */
import * as v from 'valibot'
import { count, instant, name } from './fields.ts'
import { instanceResult, step } from './phase.ts'

const { exit, signal, timedOut, duration, error, stopped } = instanceResult.entries

export const workState = v.object({
  step,
  workload: name,
  /** 1 .. n */
  instance: count,
  state: v.picklist(['started', 'ready', 'ended']),
  /** On the controller's clock. */
  since: instant,
  /** Of one that has ended. */
  ...{ exit, signal, error, stopped },
  timedOut: v.optional(timedOut),
  duration: v.optional(duration)
})
export type WorkState = v.InferOutput<typeof workState>
