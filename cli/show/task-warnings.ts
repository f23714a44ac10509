/** What stands out in a task: why its numbers may not be what they seem. Pure. */
import { listInWords } from '../../protocols/list-in-words.ts'
import { driverBound, TELLING } from '../../protocols/tasks/driver-bound.ts'
import { unsentIn } from '../../protocols/tasks/task-fault.ts'
import type { TaskResult } from '../../protocols/tasks/tasks-file.ts'
import { formatValue } from '../format-value.ts'
import { errorsIn, type IterationTask, membersIn, sumOf } from '../result/task-groups.ts'

/** Kinds of errors, and members, that a line names. */
const MAX_NAMED = 4

/** @returns a sentence each */
export function warningsOf({ results, failed }: IterationTask): string[] {
  const members = membersIn(results)
  const bound = results.every(({ duration }) => duration < TELLING) ? undefined : driverBound(members)
  const isCut = results.filter(({ ended }) => ended === 'cut').length
  const lost = members.flatMap(({ member, lost }) => (lost ? [member] : []))
  const unmeasured = results.filter(({ samples }) => samples === 0).length
  const unsent = unsentIn(sumOf(results, each => each.unsent))
  const of = (count: number) => (results.length === 1 ? '' : ` in ${count} of ${results.length} samples`)
  return [
    ...(sumOf(results, each => each.failed) > 0 ? [describeErrors(results)] : []),
    ...(unmeasured > 0 ? [`it ended during its warm-up${of(unmeasured)}: nothing was measured`] : []),
    ...(isCut > 0 ? [`it was cut short${of(isCut)}`] : []),
    ...(failed ? ['its samples failed: these are their numbers'] : []),
    ...(unsent == null ? [] : [unsent]),
    ...(lost.length > 0 ? [`nothing came any more of ${listInWords(lost, MAX_NAMED)}`] : []),
    ...(bound == null ? [] : [bound]),
    ...(results.some(({ exact }) => !exact) ? ['percentiles are of merged histograms, within 0.1 %'] : [])
  ]
}

/** `26 failed (0.36 %): status 503 12, timeout 14`, `none failed` */
export function describeErrors(results: readonly TaskResult[]): string {
  const [samples, failed] = [sumOf(results, each => each.samples), sumOf(results, each => each.failed)]
  if (failed === 0) return 'none failed'
  const kinds = errorsIn(results).map(({ kind, count }) => `${kind} ${count}`)
  const share = formatValue((100 * failed) / Math.max(1, samples), '%')
  return `${failed} failed (${share})${kinds.length === 0 ? '' : `: ${listInWords(kinds, MAX_NAMED)}`}`
}
