/** Which results make a run a failure: those of warm-ups count for nothing, and samples that may fail were repeated. Pure. */
import { stepFolder } from '../layout.ts'
import type { RunRecord } from '../record.ts'
import { kneeOf } from '../tasks/knee.ts'
import { failuresIn, isOfTask, type WorkEntry } from '../work-entry.ts'
import { type IterationSummary, summarize } from './iteration-summary.ts'

type Judged = Pick<RunRecord, 'spec' | 'workload' | 'resumes'>

export interface DecisiveFailure {
  /** Of all samples; where failed ones are repeated, of the last one that was one too many. */
  failed: WorkEntry[]
  /** The iteration of which more samples failed than may. */
  beyond?: IterationSummary
}

/** @returns undefined for a run in which nothing failed that counts */
export function decisiveFailure({ spec, workload, resumes }: Judged): DecisiveFailure | undefined {
  const failed = failuresIn(
    workload.filter(({ step }) => step.warmup == null),
    spec
  )
  if (spec.search != null) return failureOfSearch({ spec, workload, resumes }, failed)
  const allowed = spec.max_sample_failures
  if (allowed == null) return failed.length === 0 ? undefined : { failed }
  const beyond = summarize(spec, workload, resumes?.taken)?.find(each => each.failed > allowed)
  const last = failed.findLast(({ step }) => step.number === beyond?.number)
  if (last == null) return undefined
  return { failed: failed.filter(({ step }) => stepFolder(step) === stepFolder(last.step)), beyond }
}

/** A task that failed at a value says that this value does not hold; where none holds it is why. */
function failureOfSearch({ spec, workload, resumes }: Judged, failed: WorkEntry[]): DecisiveFailure | undefined {
  const holds = kneeOf(spec, workload, resumes?.taken)?.holds != null
  const decisive = holds ? failed.filter(each => !isOfTask(each)) : failed
  return decisive.length === 0 ? undefined : { failed: decisive }
}
