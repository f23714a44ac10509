/** Who tells whom in a phase, as the real code divides a run; or as it would be without branches. */
import { branchesOf, type Branch as Real } from '../../../node/channels/tree.ts'
import { check } from '../../../protocols/codec.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'

/** A member by its number, from 1 on, and those whom it tells and hears for the controller. */
export interface Branch {
  head: number
  below: Branch[]
}

/** Whom one tells at most in a run that does not say it. */
export const FANOUT = (check(specSchema, { command: ['true'], tools: [] }) as Spec).policy.fanout

export function branches(members: number, fanout = FANOUT): Branch[] {
  const names = Array.from({ length: members }, (_, i) => String(i + 1))
  return branchesOf(names, fanout).map(numbered)
}

/** Everyone answers the controller itself. */
export const star = (members: number): Branch[] =>
  Array.from({ length: members }, (_, i) => ({ head: i + 1, below: [] }))

const numbered = ({ head, below }: Real): Branch => ({ head: Number(head), below: below.map(numbered) })
