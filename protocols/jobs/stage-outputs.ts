/** What outputs of jobs a run stages for its workloads, and where they are put. Pure. */
import { basename } from 'node:path'
import type { Spec } from '../spec.ts'
import type { StagedEntry } from '../staged.ts'
import type { JobOutput } from './job-result.ts'

type StagedOutput = Spec['stage_outputs'][number]

/** @returns its path in the working folders of workloads */
export const outputPlacement = ({ output, as }: Pick<StagedOutput, 'output' | 'as'>): string => as ?? basename(output)

/**
 * @param outputsOf those of a job that is done
 * @returns what members fetch, and what jobs have not made, in words
 */
export function stagedOutputsOf(
  { stage_outputs }: Pick<Spec, 'stage_outputs'>,
  outputsOf: (job: string) => readonly JobOutput[] | undefined
): { staged: StagedEntry[]; missing: string[] } {
  const staged: StagedEntry[] = []
  const missing: string[] = []
  for (const each of stage_outputs) {
    const { job, output, for: workload } = each
    const outputs = outputsOf(job)
    const found = outputs?.find(({ path }) => path === output)
    const path = outputPlacement(each)
    if (found == null)
      missing.push(`stage_outputs: ${output} of ${job}: ${outputs == null ? 'it did not run' : 'not made'}`)
    else staged.push({ path, digest: found.digest, bytes: found.bytes, ...(workload == null ? {} : { for: workload }) })
  }
  return { staged, missing }
}
