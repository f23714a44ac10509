/** The instances of the workloads of one sample, and which of them a group means. Pure. */
import { BakError } from '../../../protocols/errors.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'

/** One program of a workload on one member. */
export interface Instance {
  peer: string
  member: string
  workload: string
  instance: number
  /** Instances of the workload on this member. */
  of: number
  /** The groups of the run that its member is in. */
  groups: string[]
}

/** All instances of all workloads. */
export const ALL = 'all'
/** Groups that an error names. */
const MAX_NAMED = 16

/** @returns `member/workload`, with `.instance` where there are several: a name for people, and one that no other has */
export const nameOf = ({ member, workload, instance, of }: Instance): string =>
  `${member}/${workload}${of > 1 ? `.${instance}` : ''}`

/**
 * @param group the name of a workload, else of a group of the run, or `all`; the caller's own workload where it is left out
 * @throws {BakError} `usage` for a group that there is not
 */
export function instancesOf(all: Instance[], caller: Instance, group = caller.workload): Instance[] {
  const ofWorkload = all.filter(({ workload }) => workload === group)
  if (ofWorkload.length > 0) return ofWorkload
  const inGroup = all.filter(({ groups }) => groups.includes(group))
  if (inGroup.length > 0) return inGroup
  if (group === ALL) return all
  const known = [...new Set(all.flatMap(({ workload, groups }) => [workload, ...groups])), ALL]
  throw new BakError('usage', `there is no workload and no group ${group} here: ${listInWords(known, MAX_NAMED)}`)
}
