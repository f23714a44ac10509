/** What a member tells at once of a workload that it runs; the answers to `work` and `stop` say how it ended, signed. */
import * as v from 'valibot'
import { count, instant, name } from './fields.ts'
import { stated } from './metric.ts'
import { instanceResult, step } from './phase.ts'

const { exit, signal, timedOut, duration, error, stopped } = instanceResult.entries

const about = {
  step,
  workload: name,
  /** 1 .. n */
  instance: count,
  /** On the controller's clock. */
  since: instant
}
const change = v.picklist(['started', 'ready', 'ended'])
/** Of one that has ended. */
const ending = { ...{ exit, signal, error, stopped }, timedOut: v.optional(timedOut), duration: v.optional(duration) }

/** A change, as an event of the run. */
export const workChange = { ...about, state: change, ...ending }

export const workState = v.object({
  ...about,
  /** `stated` is no change: the workload says what it does now. */
  state: v.picklist([...change.options, 'stated']),
  ...ending,
  ...stated
})
export type WorkState = v.InferOutput<typeof workState>
