/**
 * The stream on which a member brings what its clients measured to the controller: opened by the member with its first task, opened again when
 * it breaks. What is numbered comes in order, and again after a break until it was taken; the controller counts each number once.
 */
import * as v from 'valibot'
import { bytes, count, list, milliseconds, name, runId, text } from '../fields.ts'
import { step } from '../phase.ts'
import type { Protocol } from '../stream.ts'
import { MAX_ERROR_KINDS, sampleBlock } from './sample-block.ts'

/** A member's connection to its driver begins with this; numbers begin with 1 in each. */
const session = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'not a session'))

/**
 * Beyond its share of the samples that are kept exactly a member sends histograms, one a second, task and kind of sample (hdr-histogram-js, V2, compressed).
 * They are of samples that are in no block.
 */
export const histogramBlock = v.object({
  element: count,
  task: name,
  /** Seconds since the begin of the element, of the end of these requests. */
  second: count,
  warmup: v.boolean(),
  samples: v.pipe(count, v.minValue(1)),
  failed: count,
  /** Sums, microseconds, as in the signed answer. */
  sums: v.object({ latency: count, service: count }),
  /** Sum of the weights of those that did not fail. */
  operations: v.pipe(v.number(), v.finite(), v.minValue(0)),
  unit: text,
  errors: list(v.object({ kind: text, count }), MAX_ERROR_KINDS),
  /** In microseconds. */
  latency: bytes(64 * 1024),
  service: bytes(64 * 1024),
  processing: bytes(64 * 1024)
})
export type HistogramBlock = v.InferOutput<typeof histogramBlock>

/** How a task of a member goes: once a second, never again. */
export const loadStatus = v.object({
  element: count,
  /** Threads with clients now. */
  workers: count,
  busy: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  /** How late timers were, the most of the last second, ms. */
  lag: milliseconds,
  tasks: list(
    v.object({
      task: name,
      /** That have not ended. */
      clients: count,
      /** 0 to 1; left out for what has no end of its own. */
      progress: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
      sent: count,
      done: count
    }),
    256
  ),
  /** Of preparation. */
  prepared: v.optional(v.object({ done: count, total: count, what: text }))
})
export type LoadStatus = v.InferOutput<typeof loadStatus>

const numbered = { seq: v.pipe(count, v.minValue(1)), step }
const fromMember = v.variant('type', [
  v.object({ type: v.literal('open'), run: runId, session }),
  v.object({ type: v.literal('samples'), ...numbered, ...sampleBlock.entries }),
  v.object({ type: v.literal('histograms'), ...numbered, ...histogramBlock.entries }),
  v.object({ type: v.literal('status'), step, ...loadStatus.entries }),
  /** What a task cannot go on with: the controller ends the run at once; the answer says it again, signed. */
  v.object({ type: v.literal('failed'), step, element: count, reason: text })
])
const fromController = v.variant('type', [
  /** All up to this number is counted. Sent first, too. */
  v.object({ type: v.literal('taken'), seq: count })
])
export type FromLoader = v.InferOutput<typeof fromMember>
export type ToLoader = v.InferOutput<typeof fromController>
export type NumberedLoad = Extract<FromLoader, { seq: number }>

export const loadStreamProtocol: Protocol<FromLoader, ToLoader> = {
  id: '/bak/load/1.0.0',
  request: fromMember,
  response: fromController,
  timeout: Number.POSITIVE_INFINITY,
  maxFrame: 512 * 1024
}
