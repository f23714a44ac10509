/** The samples of a run, each made when the one before is over: by what was measured, until the run ends. */
import { dueSamples } from '../../protocols/matrix/due-samples.ts'
import { outcomeOf } from '../../protocols/matrix/iteration-summary.ts'
import type { Step } from '../../protocols/phase.ts'
import { isSameStep } from './plan.ts'
import type { RunContext } from './run-context.ts'

/** @param hasEnded whether the run only cleans up: it takes no further sample then */
export function* samplesOf({ record, order }: RunContext, hasEnded: () => boolean): Generator<Step, void> {
  const { spec, resumes } = order
  const measured = (step: Step) => outcomeOf(resultsOf(record.workload, step), spec)
  const due = dueSamples(spec, measured, resumes?.taken)
  while (!hasEnded()) {
    const next = due.next()
    if (next.done) return
    yield next.value
  }
}

/** Those of a sample are the last that there are. */
function resultsOf<T extends { step: Step }>(workload: T[], step: Step): T[] {
  const before = workload.findLastIndex(each => !isSameStep(each.step, step))
  return workload.slice(before + 1)
}
