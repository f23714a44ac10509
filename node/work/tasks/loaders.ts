/** Which members of a run have clients of its tasks: decided by the controller before it asks anybody to join. Pure. */
import type { Spec } from '../../../protocols/spec.ts'
import { loadOf } from '../../../protocols/tasks/task.ts'
import type { ValidationError } from '../../../protocols/validation-errors.ts'
import type { Parse } from '../workloads/assign.ts'

type Planned = Pick<Spec, 'task' | 'load'>
type Loading = { load?: number | undefined }

export const hasTasks = ({ task }: Pick<Spec, 'task'>): boolean => task.length > 0

/**
 * @param members of the run in the order of their ranks
 * @returns for each of them, in their order, its rank among those with clients; undefined for those without
 */
export function rankLoaders<M>(spec: Planned, members: M[], parse: Parse<M>): (number | undefined)[] {
  if (!hasTasks(spec)) return members.map(() => undefined)
  const fits = parse(loadOf(spec).on ?? 'all')
  let next = 0
  return members.map(member => (fits(member) ? next++ : undefined))
}

/** @returns the same without a gap in the ranks, where some of those who were asked are not there */
export function rerankLoaders<E extends Loading>(entries: E[]): E[] {
  let next = 0
  return entries.map(entry => (entry.load == null ? entry : { ...entry, load: next++ }))
}

/** @returns that nobody can have the clients, where that is so, with the path of the key in the spec */
export function loaderShortages<M>(spec: Planned, members: M[], parse: Parse<M>): ValidationError[] {
  if (!hasTasks(spec) || rankLoaders(spec, members, parse).some(rank => rank != null)) return []
  return [{ path: ['load', 'on'], what: `no member of the run fits "${loadOf(spec).on ?? 'all'}"` }]
}

/** @returns those with clients that still take part, in their order; the first does what is done once */
export const loadersAmong = <E extends Loading & { peer: string }>(
  roster: E[],
  active: Pick<Map<string, unknown>, 'has'>
): E[] =>
  roster
    .filter(({ peer, load }) => load != null && active.has(peer))
    .sort((a, b) => (a.load as number) - (b.load as number))
