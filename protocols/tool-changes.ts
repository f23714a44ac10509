/**
 * Tools that were attached to a run while it goes on, and those that were detached from it: not each change but what all of them came to. Each
 * command `start` carries it whole, so that a member that missed one is right with the next. Pure.
 */
import * as v from 'valibot'
import { count, list } from './fields.ts'
import { type Assignment, assignment } from './manifest.ts'

/** Tools in one run that were attached, or detached. */
export const MAX_CHANGED = 64
/** Ranges of ranks for all of them: a command has to fit into a message of gossip. */
export const MAX_RANGES = 256

/** Members by their ranks, each range with both ends. */
const ranks = list(v.tuple([count, count]), MAX_RANGES)
export type Ranks = v.InferOutput<typeof ranks>

const { group, tool } = assignment.entries

export const toolChanges = v.object({
  attached: list(v.object({ ...assignment.entries, ranks }), MAX_CHANGED),
  /** Of those that the offer has. */
  detached: list(v.object({ group, tool, ranks }), MAX_CHANGED)
})
export type ToolChanges = v.InferOutput<typeof toolChanges>

export const noChanges: ToolChanges = { attached: [], detached: [] }

/** One of the tools of a member, which may have one of each name in each group. */
export type ToolKey = Pick<Assignment, 'group' | 'tool'>
export const keyOfTool = ({ group, tool }: ToolKey) => `${group}/${tool}`
export const isSameTool = (one: ToolKey, other: ToolKey) => keyOfTool(one) === keyOfTool(other)

/** @returns whether the member with this rank is meant */
export const hasRank = (ranks: Ranks, rank: number): boolean =>
  ranks.some(([first, last]) => rank >= first && rank <= last)

/** @returns the same ranks, in order, as few ranges as they need */
export function rangesOf(ranks: Iterable<number>): Array<[number, number]> {
  const ranges: Array<[number, number]> = []
  for (const rank of [...new Set(ranks)].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last != null && last[1] === rank - 1) last[1] = rank
    else ranges.push([rank, rank])
  }
  return ranges
}

/** @returns those of its tools that a member still has, and those that were attached to it */
export function toolsAfter(
  tools: Assignment[],
  rank: number,
  { attached, detached }: ToolChanges = noChanges
): { kept: Assignment[]; attached: Assignment[] } {
  const isGone = (each: Assignment) => detached.some(one => isSameTool(one, each) && hasRank(one.ranks, rank))
  return {
    kept: tools.filter(each => !isGone(each)),
    attached: attached.filter(each => hasRank(each.ranks, rank)).map(({ ranks: _, ...rest }) => rest)
  }
}
