/**
 * `tasks.json` of a sample: what its tasks came to, of all members together and of each. The controller writes it of what members brought; counts
 * and sums of each member are what it signed. Shown, drawn and compared from here; the record has the metrics.
 */
import * as v from 'valibot'
import { count, instant, list, milliseconds, name, text } from '../fields.ts'
import { driverHealth } from './task-answer.ts'

/** Seconds of one task of which numbers are kept; of a longer one two seconds each become one, and so on. */
export const MAX_SECONDS = 3_600

/** Statements of targets. */
export const MAX_SERVERS = 1_000

/** What a request took: how long after it was due its answer was here, how long after it was sent, and how long the client was at it. */
export const TIMES = ['latency', 'service', 'processing'] as const
export type Time = (typeof TIMES)[number]

const value = v.pipe(v.number(), v.finite())
const column = v.array(v.nullable(value))

/** By the time since the begin of the element; of warm-up and normal samples. */
export const taskSeconds = v.object({
  /** Length of one row, s. */
  every: v.pipe(count, v.minValue(1)),
  /** Rows in which samples of the warm-up ended: those behind them have normal ones only. */
  warmup: v.optional(count),
  /** Operations a second that did not fail, by when they ended. */
  throughput: column,
  /** Requests. */
  failed: column,
  /** Of normal and warm-up samples that ended in this row, ms; null where none did. */
  latency: v.object({ p50: column, p99: column, max: column }),
  service: v.object({ p50: column, p99: column, max: column })
})
export type TaskSeconds = v.InferOutput<typeof taskSeconds>

/** ms; `histogram` is hdr-histogram-js V2, compressed, base64, of microseconds. */
const distribution = v.object({
  mean: value,
  min: value,
  max: value,
  /** Those that so many samples can show: `50`, `90`, `99`, `99.9`, `99.99`, `100`. */
  percentiles: v.record(v.string(), value),
  histogram: v.pipe(v.string(), v.maxLength(256 * 1024))
})
export type Distribution = v.InferOutput<typeof distribution>

const measured = {
  samples: count,
  warmup: count,
  failed: count,
  /** Requests that were due in its time, and were not sent: the answers before them took too long. */
  unsent: v.optional(count),
  seconds: taskSeconds,
  /** Left out where there is no normal sample. */
  latency: v.optional(distribution),
  service: v.optional(distribution),
  processing: v.optional(distribution)
}

export const taskResult = v.object({
  task: name,
  operation: text,
  element: count,
  clients: count,
  /** Of its operations: `ops`, or what its operation states. */
  unit: text,
  ...measured,
  /** Percentiles are of all samples, or of merged histograms (three digits) beyond a million. */
  exact: v.boolean(),
  /** Cumulative averages since the begin, as [s, warm-up or not, value]; their summary is over the normal ones. */
  throughput: v.object({
    min: value,
    mean: value,
    median: value,
    max: value,
    rows: list(v.tuple([value, v.boolean(), value]), 10_000)
  }),
  errors: list(v.object({ kind: text, count }), 64),
  /** Where there is more than one. */
  targets: v.optional(list(v.object({ target: text, samples: count, failed: count }), 1_000)),
  ended: v.picklist(['schedule', 'completed', 'cut']),
  /** s from the agreed begin to the last sample. */
  duration: v.pipe(v.number(), v.minValue(0)),
  /** s from the agreed begin to when the first normal request was due: behind the warm-up. Left out where there was none, and by older controllers. */
  from: v.optional(v.pipe(v.number(), v.minValue(0))),
  members: list(
    v.object({
      member: name,
      clients: count,
      ...measured,
      health: v.optional(driverHealth),
      /** Of this member nothing came any more. */ lost: v.optional(v.literal(true))
    }),
    10_000
  )
})
export type TaskResult = v.InferOutput<typeof taskResult>

export const tasksFile = v.object({
  format: v.literal(1),
  elements: list(
    v.object({
      element: count,
      tasks: list(name, 256),
      /** The agreed begin, and how far the clients of all members began apart, ms. */
      at: instant,
      skew: v.optional(milliseconds)
    }),
    256
  ),
  tasks: list(taskResult, 256),
  /** What targets said of themselves before the first task, as each member heard it: those of all members alike are once here. */
  servers: v.optional(list(v.object({ target: text, server: v.optional(text), member: v.optional(name) }), MAX_SERVERS))
})
export type TasksFile = v.InferOutput<typeof tasksFile>
