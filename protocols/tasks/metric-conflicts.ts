/** Thresholds on metrics that no task will ever have: without this they would be found out when the run has ended, as undecided. Pure. */
import type { SpecInput } from '../spec.ts'
import type { ValidationError } from '../validation-errors.ts'
import type { TaskKeys } from './task.ts'
import { METRICS } from './task-entry.ts'
import { nameOf } from './task-parameters.ts'
import { knownInstead, unknownIn } from './unknown-name.ts'

/** @param keys of which names are right */
export function wrongMetrics(
  { task }: TaskKeys,
  { threshold = [], workload = [] }: Pick<Partial<SpecInput>, 'threshold' | 'workload'>
): ValidationError[] {
  const names = task.map(nameOf)
  return threshold.flatMap(({ metric, of, tool }, i) => {
    if (of === 'tools' || tool != null) return []
    const what = whyUnknown(metric, names, workload.length > 0)
    return what == null ? [] : [{ path: ['threshold', i, 'metric'], what }]
  })
}

/** @param isOpen servers may have metrics of any name */
function whyUnknown(metric: string, names: string[], isOpen: boolean): string | undefined {
  const own = names.filter(name => metric.startsWith(`${name}.`)).sort((one, other) => other.length - one.length)
  const kinds = own.map(name => metric.slice(name.length + 1))
  if (kinds.some(kind => METRICS.includes(kind))) return undefined
  const [kind] = kinds
  if (kind != null) return `${own[0]} has no metric ${kind}; ${knownInstead(kind, METRICS)}`
  const known = isOpen ? undefined : METRICS.find(each => each.includes('.') && metric.endsWith(`.${each}`))
  return known == null ? undefined : unknownIn(metric.slice(0, -known.length - 1), names, 'task')
}
