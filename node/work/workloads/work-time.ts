/** How long the workloads of a sample may take: for the deadlines of their phases, and for the owner who limits the time of a run. Pure. */
import type { Spec } from '../../../protocols/spec.ts'
import type { TaskSpec } from '../../../protocols/tasks/elements.ts'
import { readyTimeoutOf, timeoutOf } from '../../../protocols/workload.ts'
import { longestOfTasks } from '../tasks/element-time.ts'

type Timed = Pick<Spec, 'workload' | 'policy'>

/** @returns seconds until the last server is ready or has failed to be; 0 without servers */
export function readyTimeOf({ workload, policy }: Timed): number {
  const servers = workload.filter(({ role }) => role === 'server')
  return Math.max(0, ...servers.map(each => Math.max(readyTimeoutOf(each, policy), each.ready?.after ?? 0)))
}

/** @returns seconds after which every client has been killed; 0 is never */
export function clientTimeOf({ workload, policy }: Timed): number {
  const limits = workload.filter(({ role }) => role === 'client').map(each => timeoutOf(each, policy))
  return limits.includes(0) ? 0 : Math.max(0, ...limits)
}

/** @returns seconds that the work of one sample takes at most; undefined if that is not limited */
export function longestOf(spec: Timed & TaskSpec & Pick<Spec, 'iterations'>): number | undefined {
  if (spec.task.length > 0) {
    const each = spec.iterations.map(({ params }) => longestOfTasks(spec, params))
    return each.every(seconds => seconds != null) ? readyTimeOf(spec) + Math.max(...each) : undefined
  }
  const hasClients = spec.workload.some(({ role }) => role === 'client')
  const measured = hasClients ? clientTimeOf(spec) : spec.policy.timeout
  return measured === 0 ? undefined : readyTimeOf(spec) + measured
}
