/** What the daemon of a member and its driver, the process with its clients, say to each other: frames on a unix socket. */
import * as v from 'valibot'
import { count, instant, list, name, text } from '../../../protocols/fields.ts'
import { spec } from '../../../protocols/spec.ts'
import { histogramBlock, loadStatus } from '../../../protocols/tasks/load-stream.ts'
import { sampleBlock } from '../../../protocols/tasks/sample-block.ts'
import { MAX_CLIENTS } from '../../../protocols/tasks/task.ts'
import { driverHealth, loadAnswer, MAX_TASK_ANSWERS, taskAnswer } from '../../../protocols/tasks/task-answer.ts'

/** Larger than any spec. */
export const MAX_DRIVER_FRAME = 8 * 1024 * 1024

export const toDriver = v.variant('type', [
  v.object({
    type: v.literal('begin'),
    spec,
    /** Settings of the iteration. */
    params: v.record(v.string(), v.string()),
    /** The folder of the sample: what is random differs from one to the next. */
    sample: text,
    /** For each worker the physical clients that it has: rows of the allocation (protocols/tasks/allocation.ts). */
    workers: list(list(count, MAX_CLIENTS), 1024),
    /** Of one task: samples that are brought as they are; beyond, histograms. By task. */
    exact: list(v.object({ task: name, samples: count }), MAX_TASK_ANSWERS)
  }),
  v.object({ type: v.literal('prepare') }),
  v.object({ type: v.literal('setup') }),
  v.object({ type: v.literal('teardown') }),
  /** Clients of an element begin `at` this moment, ms since 1970, which is `begin` by the clock that processes share (shared-clock.ts), ms. */
  v.object({ type: v.literal('element'), element: count, at: instant, begin: v.pipe(v.number(), v.finite()) }),
  /** The current element is completed: clients end with their current request, but for those of the task that completes it. */
  v.object({ type: v.literal('complete'), element: count }),
  /** Clients end now; what was measured is still brought, then `joined` says so. */
  v.object({ type: v.literal('cut') })
])
export type ToDriver = v.InferOutput<typeof toDriver>

export const fromDriver = v.variant('type', [
  v.object({ type: v.literal('ready'), workers: count }),
  /** Of `prepare`, `setup` and `teardown`. */
  v.object({
    type: v.literal('done'),
    what: v.picklist(['prepare', 'setup', 'teardown']),
    error: v.optional(text),
    targets: loadAnswer.entries.targets
  }),
  v.object({ type: v.literal('samples'), ...sampleBlock.entries }),
  v.object({ type: v.literal('histograms'), ...histogramBlock.entries }),
  v.object({ type: v.literal('status'), ...loadStatus.entries }),
  /** All clients that this member has of the task that completes the element have ended; with `any`, the first client of any. */
  v.object({ type: v.literal('completing'), element: count }),
  /** All clients of the element are at the join point, and all that they measured came before this. */
  v.object({
    type: v.literal('joined'),
    element: count,
    tasks: list(taskAnswer, MAX_TASK_ANSWERS),
    health: v.optional(driverHealth)
  }),
  v.object({ type: v.literal('failed'), element: count, reason: text })
])
export type FromDriver = v.InferOutput<typeof fromDriver>
