/** Results of benchmarks that the spec names and that nothing was read of: of a workload that ended well they are missing. */

import type { Step } from '../../../protocols/phase.ts'
import type { Spec } from '../../../protocols/spec.ts'
import { hasFailed, isOfProgram, type WorkEntry } from '../../../protocols/work-entry.ts'
import { labelOf, resultsOf } from '../../../protocols/workload.ts'
import type { Results } from '../../../protocols/workload-results.ts'
import { isSameStep } from '../plan.ts'
import type { RunHook } from './hook.ts'

export const missingResults: RunHook = {
  name: 'missing-results',
  after({ phase, step, groups }, run) {
    const { record, order } = run
    if (phase !== 'stop' || step == null || step.warmup || groups != null) return
    for (const each of record.workload.filter(entry => isMeasured(entry, step))) {
      const { what, results } = placeOf(each, order.spec)
      for (const reader of absentIn(each, results)) {
        run.lack({ kind: 'workload', member: each.member, what, reason: `no results of ${reader} in what it left` })
      }
    }
  }
}

/** It ended well, and is a program: what tasks and jobs come to is not read from an output. */
const isMeasured = (entry: WorkEntry, step: Step) =>
  isSameStep(entry.step, step) && !hasFailed(entry) && isOfProgram(entry)

function placeOf({ name, instance = 1 }: WorkEntry, spec: Spec): { what: string; results?: Results } {
  const workload = spec.workload.find(each => each.name === name)
  if (workload == null) return { what: 'command', results: spec.results }
  return { what: labelOf(workload, instance), results: resultsOf(workload, spec) }
}

/** @returns the readers that it names and that have no metric */
function absentIn({ metrics = [] }: WorkEntry, results: Results | undefined): string[] {
  if (results == null || results === 'none') return []
  return results.map(({ reader }) => reader).filter(reader => !metrics.some(each => each.name.startsWith(`${reader}.`)))
}
