/**
 * The output of workloads, which is bytes. A portion is a text where it is UTF-8, and base64 where it is not, since JSON has no bytes.
 * The peer that has the result gives out what is in it; while the run goes on, each member gives out what its own instances write.
 * Portions of one peer come in the order in which they were written, as far as that is known.
 */
import * as v from 'valibot'
import { count, instant, list, name, runId } from './fields.ts'
import type { InstanceName } from './instances.ts'
import { step } from './phase.ts'
import type { Protocol } from './stream.ts'

export { type OutputBytes, unwrapOutput, wholeCharacters, wrapOutput } from './output-bytes.ts'

/** Bytes of one portion. */
export const PORTION_OF_OUTPUT_BYTES = 64 * 1024
/** Files of which a caller can say how much of them it has. */
export const MAX_SKIPPED = 4_096

export const outputStream = v.picklist(['stdout', 'stderr'])
export type OutputStream = v.InferOutput<typeof outputStream>

export const outputBytes = { text: v.optional(v.string()), base64: v.optional(v.string()) } as const

/** Of a file in the result. */
const path = v.pipe(v.string(), v.maxLength(512))

export const outputPortion = v.object({
  path,
  member: name,
  /** Left out for a lone command, which is on the controller. */
  workload: v.optional(name),
  /** 1 .. n, where a member runs several of the workload. */
  instance: v.optional(count),
  stream: outputStream,
  /** Bytes of the file before it. */
  offset: v.optional(count),
  /** By when it had been written, ms since 1970 on the controller's clock; left out where that is not known. */
  at: v.optional(instant),
  ...outputBytes
})
export type OutputPortion = v.InferOutput<typeof outputPortion>

/** All that there was has been told, and what follows is written from now on, by the controller's clock; or no more follows. */
export const outputMark = v.union([v.object({ caughtUp: instant }), v.object({ end: v.literal(true) })])
export type OutputMark = v.InferOutput<typeof outputMark>

/** Which instances; all where nothing is named. */
export const outputSelection = {
  member: v.optional(name),
  workload: v.optional(name),
  instance: v.optional(count)
} as const
export type OutputSelection = v.InferOutput<v.ObjectSchema<typeof outputSelection, undefined>>

/** @returns whether a selection means an instance. Pure. */
export const isSelected = (instance: InstanceName, selection: OutputSelection): boolean =>
  (selection.member == null || selection.member === instance.member) &&
  (selection.workload == null || selection.workload === instance.workload) &&
  (selection.instance == null || selection.instance === (instance.instance ?? 1))

export const outputRequest = v.object({
  run: runId,
  ...outputSelection,
  /** Of this sample only. */
  step: v.optional(step),
  /** Also what is written from now on, until the part of this peer in the run is over. */
  follow: v.optional(v.boolean()),
  /** Bytes at the beginning of files that the caller has already. */
  skip: v.optional(list(v.object({ path, bytes: count }), MAX_SKIPPED))
})
export type OutputRequest = v.InferOutput<typeof outputRequest>
/** The first says what, each further one that more can be sent (output-exchange.ts). */
const outputCall = v.union([outputRequest, v.object({ more: v.literal(true) })])
export type OutputCall = v.InferOutput<typeof outputCall>

const exchange = {
  request: outputCall,
  response: v.union([outputPortion, outputMark]),
  timeout: Number.POSITIVE_INFINITY,
  maxFrame: 1024 * 1024
}

/** Asked of the peer that has the result or drives the run: what is there now. */
export const outputProtocol: Protocol<OutputCall, OutputPortion | OutputMark> = {
  ...exchange,
  id: '/bak/output/2.0.0'
}

/** Asked of a member while the run goes on: what its own instances write. */
export const memberOutputProtocol: Protocol<OutputCall, OutputPortion | OutputMark> = {
  ...exchange,
  id: '/bak/member-output/1.0.0'
}
