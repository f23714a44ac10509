/**
 * The output of a workload, which is bytes. A portion is a text where it is UTF-8, and base64 where it is not, since JSON has no bytes.
 * The peer that has the result, or drives the run, gives out what was written so far and follows it to its end.
 */
import * as v from 'valibot'
import { name, runId } from './fields.ts'
import type { Protocol } from './stream.ts'

export { type OutputBytes, unwrapOutput, wholeCharacters, wrapOutput } from './output-bytes.ts'

/** Bytes of one portion. */
export const PORTION_OF_OUTPUT_BYTES = 64 * 1024

export const outputStream = v.picklist(['stdout', 'stderr'])
export type OutputStream = v.InferOutput<typeof outputStream>

export const outputBytes = { text: v.optional(v.string()), base64: v.optional(v.string()) } as const

export const outputPortion = v.object({
  /** Of the file in the result. */
  path: v.pipe(v.string(), v.maxLength(512)),
  member: name,
  stream: outputStream,
  ...outputBytes
})
export type OutputPortion = v.InferOutput<typeof outputPortion>

export const outputProtocol: Protocol<{ run: string }, OutputPortion> = {
  id: '/bak/output/1.0.0',
  request: v.object({ run: runId }),
  response: outputPortion,
  timeout: Number.POSITIVE_INFINITY,
  maxFrame: 1024 * 1024,
  maxRequest: 1024
}
