/** Whose answers are aggregated by whom, as the real code divides a run. */
import { subtreesOf as realSubtreesOf, type Subtree } from '../../../node/channels/tree.ts'
import { check } from '../../../protocols/codec.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'

/** A member by its number, from 1 on, and those whose answers it aggregates. */
export interface Numbered {
  root: number
  children: Numbered[]
}

/** Most peers from which one receives answers, in a run that does not say otherwise. */
export const FANOUT = (check(specSchema, { command: ['true'], tools: [] }) as Spec).policy.fanout

export function subtrees(members: number, fanout = FANOUT): Numbered[] {
  const names = Array.from({ length: members }, (_, i) => String(i + 1))
  return realSubtreesOf(names, fanout).map(numbered)
}

const numbered = ({ root, children }: Subtree): Numbered => ({ root: Number(root), children: children.map(numbered) })
