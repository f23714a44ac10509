/** What a member signs of its clients: in the answers to the parts of `work` that are about tasks, and to `stop`. */
import * as v from 'valibot'
import { count, instant, list, milliseconds, name, text } from '../fields.ts'

/** Tasks of one answer: those of one element, or in `stop` of all that did not end. */
export const MAX_TASK_ANSWERS = 256

/** How the driver of a member kept up, of one element. */
export const driverHealth = v.object({
  /** Threads that had clients. */
  workers: count,
  /** Share of the time for which the busiest of them worked, 0 to 1. */
  busy: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  /** Share of the time for which one of them, ready to work, waited for a processor that something else had; left out where the machine does not tell. */
  waited: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  /** The 99th percentile of how late their timers were, ms, and the most. */
  lag: milliseconds,
  lagMax: milliseconds,
  /** The 99th percentile of processing time beyond service time, ms. */
  overhead: milliseconds
})
export type DriverHealth = v.InferOutput<typeof driverHealth>

export const taskAnswer = v.object({
  element: count,
  task: name,
  /** Requests that ended: normal ones, those that were warm-up, and how many of the normal ones failed. All of them were delivered. */
  samples: count,
  warmup: count,
  failed: count,
  /** Requests that were due in its time, and were not sent: the answers before them took too long. */
  unsent: v.optional(count),
  /** Sums over the normal ones, microseconds, rounded each: what the result says is held against these. */
  latency: count,
  service: count,
  /** When the first and the last of its clients could begin, on the controller's clock, without their ramp-up; left out where none did. */
  began: v.optional(v.object({ first: instant, last: instant })),
  /** How it ended: by its schedule, because another task completed it, or cut short. */
  ended: v.picklist(['schedule', 'completed', 'cut']),
  /** Why it was cut short by its own fault: an error of a request that ends the run, or of the driver. */
  error: v.optional(text),
  /** The error is that a target could not be reached: of a search that ends the sample, whose value does not hold, and not the run. */
  unreachable: v.optional(v.literal(true))
})
export type TaskAnswer = v.InferOutput<typeof taskAnswer>

/** In an acknowledgement. */
export const loadAnswer = v.object({
  tasks: list(taskAnswer, MAX_TASK_ANSWERS),
  health: v.optional(driverHealth),
  /** Targets that answered, as they name themselves (`nginx/1.22.1`): of `prepare`. */
  targets: v.optional(list(v.object({ target: text, server: v.optional(text) }), 64))
})
export type LoadAnswer = v.InferOutput<typeof loadAnswer>
