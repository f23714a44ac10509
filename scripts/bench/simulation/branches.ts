/** Whose answers are gathered by whom, as the real code divides a run. */
import { branchesOf, type Branch as Real } from '../../../node/channels/tree.ts'
import { check } from '../../../protocols/codec.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'

/** A member by its number, from 1 on, and those whose answers it gathers for the controller. */
export interface Branch {
  head: number
  below: Branch[]
}

/** Most answers that one peer takes in a run that does not say otherwise. */
export const FANOUT = (check(specSchema, { command: ['true'], tools: [] }) as Spec).policy.fanout

export function branches(members: number, fanout = FANOUT): Branch[] {
  const names = Array.from({ length: members }, (_, i) => String(i + 1))
  return branchesOf(names, fanout).map(numbered)
}

const numbered = ({ head, below }: Real): Branch => ({ head: Number(head), below: below.map(numbered) })
