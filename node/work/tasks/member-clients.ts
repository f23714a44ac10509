/** Which clients of a run one member has: from the manifest, as all others compute it. Pure. */
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { TaskSpec } from '../../../protocols/tasks/elements.ts'
import { clientsIn, exactShares, loadersOf, loadPlanOf } from '../../../protocols/tasks/workers.ts'

export interface ElementOfMember {
  number: number
  /** Tasks of which this member has clients. */
  tasks: string[]
  completedBy?: string
  /** Its clients end the others. */
  isCompleting: boolean
}

export interface MemberClients {
  elements: ElementOfMember[]
  /** For each worker its clients, as numbers among those of the run. */
  workers: number[][]
  /** Of each task: samples that are brought as they are. */
  exact: Record<string, number>
}

/** @returns undefined for a member that has no clients @throws {BakError} as `elementsOf` does */
export function clientsOfMember(
  spec: TaskSpec,
  roster: RosterEntry[],
  member: string,
  params: Record<string, string>
): MemberClients | undefined {
  const plan = loadPlanOf(spec, loadersOf(spec, roster), params)
  const mine = plan.members.find(({ host }) => host === member)
  if (mine == null) return undefined
  const elements = plan.elements.map(({ number, tasks, completedBy }) => {
    const own = tasks.map(({ name }) => name).filter(name => clientsIn(plan, name).has(member))
    const isCompleting = completedBy != null && (completedBy === 'any' ? own.length > 0 : own.includes(completedBy))
    return { number, tasks: own, isCompleting, ...(completedBy == null ? {} : { completedBy }) }
  })
  return { elements, workers: mine.workers, exact: exactShares(plan) }
}
