/** The tree by which a run aggregates its acknowledgements, as the real code divides a roster; or none. */
import { type Subtree as Real, subtreesOf } from '../../../node/channels/tree.ts'
import { check } from '../../../protocols/codec.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'

/** A member by its number, from 1 on, and those whose acknowledgements it aggregates. */
export interface Subtree {
  root: number
  children: Subtree[]
}

/** Members that all answer the controller themselves, in a run that does not say it. */
export const FANOUT = (check(specSchema, { command: ['true'], tools: [] }) as Spec).policy.fanout

export function tree(members: number, fanout = FANOUT): Subtree[] {
  const names = Array.from({ length: members }, (_, i) => String(i + 1))
  return subtreesOf(names, fanout).map(numbered)
}

/** Everyone answers the controller itself. */
export const star = (members: number): Subtree[] =>
  Array.from({ length: members }, (_, i) => ({ root: i + 1, children: [] }))

const numbered = ({ root, children }: Real): Subtree => ({ root: Number(root), children: children.map(numbered) })
