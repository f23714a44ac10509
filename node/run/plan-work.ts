/** The rows of the plan that are the work of one sample: servers until they are ready, then what is measured. Pure. */
import { hasRole } from '../../protocols/jobs/job.ts'
import type { Part, PhaseAt, Step } from '../../protocols/phase.ts'
import type { Spec } from '../../protocols/spec.ts'
import type { Element } from '../../protocols/tasks/elements.ts'
import { type TaskPart, taskPartsOf } from '../../protocols/tasks/parts.ts'
import { loadOf } from '../../protocols/tasks/task.ts'
import {
  longestOfElement,
  longestOfOperations,
  longestRequestOf,
  longestToPrepare
} from '../work/tasks/element-time.ts'
import { clientTimeOf, readyTimeOf } from '../work/workloads/work-time.ts'

/** A member says why a server is not ready, or that what took too long was ended, before it is given up, ms. */
export const ANSWER_MARGIN_MS = 30_000

export interface PlannedWork extends Pick<PhaseAt, 'part' | 'element'> {
  who: 'members' | 'controller'
  /** Whoever answers well first ends it for all. */
  first?: true
  /** It happens although the run has failed. */
  always?: 'sample'
  /** ms; 0 is for ever. */
  deadline: number
}

export function workOf(spec: Spec, { number }: Pick<Step, 'number'>): PlannedWork[] {
  const has = (role: 'server' | 'client') => spec.workload.some(each => each.role === role)
  return [
    ...(has('server') ? [rowOf('servers', readyTimeOf(spec))] : []),
    ...(has('client')
      ? [{ ...rowOf('clients', clientTimeOf(spec) || undefined), ...(spec.ends === 'first' && FIRST) }]
      : []),
    ...tasksOf(spec, spec.iterations[number - 1]?.params),
    ...(hasRole(spec, 'work') ? [JOBS_ROW] : []),
    ...(spec.command == null ? [] : [{ who: 'controller' as const, deadline: 0 }])
  ]
}

/** It is over when the controller says so to each of them. */
export const JOBS_ROW = { who: 'members', part: 'jobs', deadline: 0 } as const satisfies PlannedWork

const FIRST = { first: true } as const

function tasksOf(spec: Spec, params?: Record<string, string>): PlannedWork[] {
  return taskPartsOf(spec, params).map(({ part, element, first }) => ({
    ...rowOf(part, longestOf(part, spec, element)),
    ...(element == null ? {} : { element: element.number }),
    ...(first && FIRST),
    // what was set up is torn down also after a failure
    ...(part === 'teardown' ? { always: 'sample' as const } : {})
  }))
}

function longestOf(part: TaskPart['part'], spec: Spec, element?: Element): number | undefined {
  if (element != null) return part === 'complete' ? longestRequestOf(element) : longestOfElement(element, spec)
  if (part === 'prepare') return longestToPrepare(spec)
  return longestOfOperations(part === 'setup' || part === 'teardown' ? loadOf(spec)[part] : [], spec)
}

/** @param seconds that it takes at most; undefined if that is not limited */
const rowOf = (part: Part, seconds: number | undefined) => ({
  ...{ who: 'members' as const, part },
  deadline: seconds == null ? 0 : seconds * 1000 + ANSWER_MARGIN_MS
})
