/** Which of the samples of a run makes it a failure: warm-ups count for nothing, and those that may fail were repeated. Pure. */
import { hasFailed } from '../phase.ts'
import type { RunRecord } from '../record.ts'
import { type IterationSummary, summarize } from './iteration-summary.ts'

type Judged = Pick<RunRecord, 'spec' | 'workload' | 'resumes'>

export interface DecisiveFailure {
  result: RunRecord['workload'][number]
  /** The iteration of which more samples failed than may. */
  beyond?: IterationSummary
}

/** @returns undefined for a run in which no sample failed that counts */
export function decisiveFailure({ spec, workload, resumes }: Judged): DecisiveFailure | undefined {
  const counted = workload.filter(each => each.step.warmup == null && hasFailed(each))
  const allowed = spec.max_sample_failures
  if (allowed == null) return counted[0] && { result: counted[0] }
  const beyond = summarize(spec, workload, resumes?.taken)?.find(({ failed }) => failed > allowed)
  const result = counted.findLast(({ step }) => step.number === beyond?.number)
  return result && { result, beyond }
}
