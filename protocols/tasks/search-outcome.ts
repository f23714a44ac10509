/** Whether a sample of a search broke a threshold. By what its tasks measured alone, which is signed: so everybody decides it alike. Pure. */
import { globOf } from '../glob.ts'
import { metricValueOf } from '../metric-samples.ts'
import type { Spec } from '../spec.ts'
import { isOfTools, type Threshold } from '../thresholds/threshold.ts'
import type { WorkEntry } from '../work-entry.ts'
import { nameOf } from './task-parameters.ts'

/** @param results of one sample that did not fail */
export function breaksThreshold(
  results: WorkEntry[],
  { threshold = [], task }: Pick<Spec, 'threshold' | 'task'>
): boolean {
  const iteration = results[0]?.step.name
  // of a sample without results nothing says that it held
  if (iteration == null) return true
  const about = threshold.filter(
    each => !isOfTools(each) && (each.iteration == null || globOf(each.iteration)(iteration))
  )
  const names = task.map(nameOf)
  return about.some(each => isMissed(each, results, names))
}

/** A metric of a task that no sample could show is missed; one that no workload states is of tools. */
function isMissed({ metric, unit, min, max }: Threshold, results: WorkEntry[], tasks: string[]): boolean {
  const value = metricValueOf(results, metric)
  if (value == null) return tasks.some(name => metric.startsWith(`${name}.`))
  const units = results
    .flatMap(each => each.metrics ?? [])
    .filter(each => each.name === metric)
    .map(each => each.unit)
  if (unit != null && !units.includes(unit)) return true
  return value < (min ?? Number.NEGATIVE_INFINITY) || value > (max ?? Number.POSITIVE_INFINITY)
}
