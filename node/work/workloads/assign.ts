/** Which member runs which workloads, and how many of each: decided by the controller before it asks anybody to join. Pure. */
import type { Spec } from '../../../protocols/spec.ts'
import type { ValidationError } from '../../../protocols/validation-errors.ts'
import { MAX_INSTANCES_OF_MEMBER, type Placement, type Workload } from '../../../protocols/workload.ts'

type Planned = Pick<Spec, 'workload' | 'groups'>

/** @param parse makes a test out of the text of a selector @throws what that throws */
export type Parse<M> = (selector: string) => (member: M) => boolean

/** @returns the selector of a workload; of a group that is not there nobody is selected */
export function selectorOf({ on = 'all', group }: Workload, { groups }: Pick<Spec, 'groups'>): string | undefined {
  return group == null ? on : groups.find(({ name }) => name === group)?.on
}

/** @returns how many of `size` members a workload is to run on */
export function wantedOf({ count }: Pick<Workload, 'count'>, size: number): number {
  if (count == null) return size
  return typeof count === 'number' ? count : Math.ceil((Number.parseFloat(count) / 100) * size)
}

/**
 * @param members of the run in the order of their ranks
 * @returns for each member, in their order, what it runs; ranks go through the members of a workload in their order
 */
export function assignWorkloads<M>(spec: Planned, members: M[], parse: Parse<M>): Placement[][] {
  const placed: Placement[][] = members.map(() => [])
  for (const workload of spec.workload) {
    const selector = selectorOf(workload, spec)
    const fits = selector == null ? () => false : parse(selector)
    const selected = members.flatMap((member, i) => (fits(member) ? [i] : []))
    for (const [n, i] of selected.slice(0, wantedOf(workload, selected.length)).entries()) {
      const { name, instances } = workload
      placed[i]?.push({ name, instances, rank: n * instances })
    }
  }
  return placed
}

/** @returns the same without a gap in the ranks, where some of those who were asked are not there */
export function rerank<E extends { workloads?: Placement[] | undefined }>(entries: E[]): E[] {
  const next = new Map<string, number>()
  return entries.map(entry => {
    if (entry.workloads == null) return entry
    const workloads = entry.workloads.map(each => {
      const rank = next.get(each.name) ?? 0
      next.set(each.name, rank + each.instances)
      return { ...each, rank }
    })
    return { ...entry, workloads }
  })
}

/** @returns what cannot be run as it was asked for with these members, with the path of the key in the spec */
export function shortagesOf<M extends { shown: string }>(
  spec: Planned,
  members: M[],
  parse: Parse<M>
): ValidationError[] {
  const placed = assignWorkloads(spec, members, parse)
  const lacking = spec.workload.flatMap((workload, i): ValidationError[] => {
    const { name, count, group } = workload
    const here = placed.filter(each => each.some(one => one.name === name)).length
    const path = (key: string) => ['workload', i, key]
    const where = group == null ? `"${selectorOf(workload, spec)}"` : `group ${group}`
    if (here === 0) return [{ path: path(group == null ? 'on' : 'group'), what: `no member of the run fits ${where}` }]
    if (typeof count !== 'number' || count <= here) return []
    return [{ path: path('count'), what: `${count} members are asked for, and ${where} fits ${here}` }]
  })
  const crowded = members.find((_, i) => instancesIn(placed[i] ?? []) > MAX_INSTANCES_OF_MEMBER)
  if (crowded == null) return lacking
  const what = `${crowded.shown} would run more than ${MAX_INSTANCES_OF_MEMBER} instances, the most on one member`
  return [...lacking, { path: ['workload'], what }]
}

const instancesIn = (placed: Placement[]) => placed.reduce((sum, { instances }) => sum + instances, 0)

/** @returns the workloads of the spec that are placed on a member, each once, with how they are */
export function placedOf(
  { workload }: Pick<Spec, 'workload'>,
  placements: Placement[] = []
): Array<{ workload: Workload; placement: Placement }> {
  const seen = new Set<string>()
  return placements.flatMap(placement => {
    const found = workload.find(({ name }) => name === placement.name)
    return found == null || seen.has(placement.name) || !seen.add(placement.name)
      ? []
      : [{ workload: found, placement }]
  })
}

/** @returns whether a member runs a workload of this role */
export const runsRole = (spec: Pick<Spec, 'workload'>, role: Workload['role'], placements?: Placement[]) =>
  placedOf(spec, placements).some(({ workload }) => workload.role === role)

/** @returns instances of a workload in the whole run */
export const sizeOfWorkload = (name: string, entries: Array<{ workloads?: Placement[] | undefined }>): number =>
  entries
    .flatMap(({ workloads = [] }) => workloads.filter(each => each.name === name))
    .reduce((n, each) => n + each.instances, 0)
