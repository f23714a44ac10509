/** A run that measured on members of another one while both went on: the record of each names the other. */
import * as v from 'valibot'
import { list, name, runId } from './fields.ts'

export const beside = v.object({
  run: runId,
  controller: name,
  /** Members that both have. */
  members: list(name, 10_000)
})
export type Beside = v.InferOutput<typeof beside>

export const besides = v.optional(list(beside, 1_000), [])
