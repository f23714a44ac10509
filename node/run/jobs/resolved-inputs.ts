/** The inputs of a job once all that it needs is done: which artifact is where, and which job made it. Pure. */
import type { PlannedInput } from '../../../protocols/jobs/job-inputs.ts'
import type { JobOutput } from '../../../protocols/jobs/job-result.ts'
import { type GivenInput, givenKey } from './graph-init.ts'

export interface ResolvedInput {
  path: string
  digest: string
  bytes: number
  /** The job whose output it is. */
  job?: string
}

/** @returns the inputs, or the first that is not there, in words */
export function resolveInputs(
  job: string,
  planned: PlannedInput[],
  given: ReadonlyMap<string, GivenInput>,
  outputsOf: (job: string) => JobOutput[] | undefined
): ResolvedInput[] | string {
  const inputs: ResolvedInput[] = []
  for (const { at, from } of planned) {
    if (from.type === 'job') {
      const output = outputsOf(from.job)?.find(({ path }) => path === from.output)
      if (output == null) return `its input ${at} is not there: ${from.job} has no output ${from.output}`
      inputs.push({ path: at, digest: output.digest, bytes: output.bytes, job: from.job })
    } else {
      const known = given.get(givenKey(job, at))
      if (known == null) return `its input ${at} is not there`
      inputs.push({ path: at, digest: known.digest, bytes: known.bytes })
    }
  }
  return inputs
}
