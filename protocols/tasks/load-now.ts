/** How the tasks of a run go at one moment, of all members together: what screens show. */
import * as v from 'valibot'
import { count, list, milliseconds, name, text } from '../fields.ts'

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1))

export const loadNow = v.object({
  element: count,
  /** Elements of the schedule. */
  elements: count,
  tasks: list(
    v.object({
      task: name,
      /** That have not ended, and in all. */
      clients: count,
      of: count,
      /** Of what has an end of its own. */
      progress: v.optional(share),
      /** Since the begin of the element, and in the last whole second that all members have told. */
      samples: count,
      failed: count,
      warmup: v.boolean(),
      throughput: v.pipe(v.number(), v.minValue(0)),
      unit: text,
      /** ms, of what ended in the last ten seconds. */
      latency: v.optional(v.object({ p50: milliseconds, p90: milliseconds, p99: milliseconds, max: milliseconds }))
    }),
    256
  ),
  members: list(
    v.object({ member: name, workers: count, clients: count, done: count, busy: share, lag: milliseconds }),
    10_000
  ),
  /** Before the first element: what is prepared. */
  prepared: v.optional(list(v.object({ member: name, done: count, total: count, what: text }), 10_000))
})
export type LoadNow = v.InferOutput<typeof loadNow>
