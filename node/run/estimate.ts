/** How long a run will take, as far as it can be known before: by earlier runs of the same name and programs on this peer, else by its timeout. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { Plan } from '../../protocols/control.ts'
import { hasRole } from '../../protocols/jobs/job.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { plannedSamples } from '../../protocols/matrix/due-samples.ts'
import { mostRunSamples } from '../../protocols/matrix/sampling.ts'
import { medianOf } from '../../protocols/quantiles.ts'
import type { RunRecord, RunSummary } from '../../protocols/record.ts'
import type { Spec } from '../../protocols/spec.ts'
import { loadOf } from '../../protocols/tasks/task.ts'
import { periodsOf, sumOf } from '../work/tasks/element-time.ts'
import { longestOf } from '../work/workloads/work-time.ts'

/** Earlier runs that are looked at, the latest ones. */
const MAX_RUNS = 5

type Work = Pick<Spec, 'command' | 'workload' | 'task' | 'parallel' | 'operation' | 'load' | 'job'>
type Earlier = Pick<RunRecord, 'took' | 'workload'>

/** @returns the latest runs that an estimate can be made from */
export const runsToCompare = (summaries: RunSummary[], name: string): string[] =>
  summaries
    .filter(each => each.name === name && each.verdict === 'ok' && each.took != null)
    .slice(-MAX_RUNS)
    .map(({ run }) => run)

/** A name alone says little: runs that are given none have the same. @returns whether an earlier run started the same programs */
export const isOfTheSame = (earlier: Work, spec: Work): boolean => isDeepStrictEqual(workOf(earlier), workOf(spec))

const workOf = ({ command, workload, task, parallel, operation, load, job }: Work) => [
  command,
  workload.map(({ name, role, command, instances }) => ({ name, role, command, instances })),
  ...[task, parallel, operation, loadOf({ load }).test_mode],
  // others make what is measured, or report on it
  job.filter(({ role }) => role === 'work')
]

/** @param earlier runs of the same name; @returns nothing where nothing is known */
export function estimateOf(spec: Spec, earlier: Earlier[]): Plan['estimate'] {
  const perSample = earlier.flatMap(({ took, workload }) => {
    const samples = new Set(workload.map(({ step }) => stepFolder(step))).size
    return took == null || samples === 0 ? [] : [took / samples / 1000]
  })
  if (perSample.length > 0) {
    const seconds = medianOf(perSample) * plannedSamples(spec).length
    return { from: 'runs', seconds, runs: perSample.length }
  }
  // jobs have limits each, and how many run at once nobody knows
  const longest = hasRole(spec, 'work') ? undefined : longestOf(spec)
  const most = longest == null ? undefined : longest * mostRunSamples(spec)
  const periods = spec.task.length === 0 ? undefined : periodsOfSamples(spec)
  if (periods != null) return { from: 'periods', seconds: periods, ...(most == null ? {} : { most }) }
  return most == null ? undefined : { from: 'timeout', seconds: most }
}

/** @returns seconds of all samples that are planned */
function periodsOfSamples(spec: Spec): number | undefined {
  const each = spec.iterations.map(({ params }) => periodsOf(spec, params))
  return sumOf(plannedSamples(spec).map(({ number }) => each[number - 1]))
}
