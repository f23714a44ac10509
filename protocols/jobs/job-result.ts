/**
 * How one attempt of a job ended, signed by the member that ran it: what a record, the provenance of an artifact and a later run that need not run
 * the job again go by.
 */
import * as v from 'valibot'
import type { Subject } from '../envelope.ts'
import { count, cutText, digest, instant, list, milliseconds, name, runId, text } from '../fields.ts'
import { metrics } from '../metric.ts'
import { platform } from '../staged.ts'
import { graphAt } from './graph-at.ts'
import { jobPath, MAX_EDGES } from './job.ts'

/** One thing in the inputs of a job: an artifact, and where it is. */
export const placedInput = v.object({ path: jobPath, digest })
export type PlacedInput = v.InferOutput<typeof placedInput>

export const jobOutput = v.object({
  path: jobPath,
  digest,
  kind: v.picklist(['file', 'folder']),
  /** Of its files. */
  bytes: count
})
export type JobOutput = v.InferOutput<typeof jobOutput>

/** @returns bytes of all of them; each is the word of its signer, and a sum of such may be more than any reader takes */
export const bytesOfOutputs = (outputs: ReadonlyArray<Pick<JobOutput, 'bytes'>>): number =>
  Math.min(
    Number.MAX_SAFE_INTEGER,
    outputs.reduce((sum, { bytes }) => sum + bytes, 0)
  )

/** More than are kept of what one program states (work/stated/metrics.ts). */
const MAX_WARNINGS = 16
/** Last lines that a result has, so that a failure says itself what it was. */
export const MAX_TAIL = 64

export const jobResult = v.object({
  run: runId,
  graph: graphAt,
  job: name,
  /** 1 .. n */
  attempt: count,
  /** Of all that its outputs depend on (job-key.ts). */
  key: digest,
  outcome: v.picklist(['done', 'failed', 'cancelled']),
  exit: v.optional(v.pipe(v.number(), v.safeInteger())),
  signal: v.optional(text),
  timedOut: v.boolean(),
  /** Why it failed, and in which phase of its script. */
  error: v.optional(text),
  phase: v.optional(text),
  /** When its program was started, on the controller's clock; left out for one that never was. */
  began: v.optional(instant),
  duration: milliseconds,
  inputs: list(placedInput, MAX_EDGES),
  outputs: list(jobOutput, MAX_EDGES),
  /** Lines of its log, those that the member did not keep, and the last. */
  lines: count,
  dropped: count,
  tail: list(text, MAX_TAIL),
  /** What it stated, and which of its statements could not be read. */
  metrics: v.optional(metrics),
  warnings: v.optional(list(text, MAX_WARNINGS)),
  platform,
  /** Of the image in which it ran. */
  image: v.optional(text)
})
export type JobResult = v.InferOutput<typeof jobResult>

/** @returns why it failed, and in which phase of its script: `exit 1 in phase build`, `killed by SIGSEGV` */
export function reasonOf({ error, timedOut, signal, exit, phase }: JobResult): string {
  const ended = signal == null ? `exit ${exit ?? 'unknown'}` : `killed by ${signal}`
  const why = error ?? (timedOut ? 'it took longer than its timeout' : ended)
  return cutText(phase == null ? why : `${why} in phase ${phase}`)
}

export const jobResultSubject: Subject<JobResult> = { name: 'job-result', schema: jobResult }
