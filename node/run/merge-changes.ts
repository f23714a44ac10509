/** What the changes of the tools of a run come to, one after the other: the state that `start` carries. Pure. */
import { BakError } from '../../protocols/errors.ts'
import type { Assignment, RosterEntry } from '../../protocols/manifest.ts'
import { forRank } from '../../protocols/overridden.ts'
import {
  hasRank,
  isSameTool,
  MAX_CHANGED,
  MAX_RANGES,
  type Ranks,
  rangesOf,
  type ToolChanges,
  type ToolKey
} from '../../protocols/tool-changes.ts'

type Entry = Pick<RosterEntry, 'rank' | 'tools'>

/** A tool that the offer has comes back as it was, unless it gets other options. */
export function withAttached(before: ToolChanges, assignment: Assignment, members: Entry[]): ToolChanges {
  const wanted = JSON.stringify(assignment.options)
  const isAsOffered = ({ tools, rank }: Entry) =>
    tools.some(each => isSameTool(each, assignment) && JSON.stringify(forRank(each.options, rank)) === wanted)
  const back = members.filter(isAsOffered).map(({ rank }) => rank)
  const added = members.map(({ rank }) => rank).filter(rank => !back.includes(rank))
  const detached = withoutRanks(before.detached, assignment, back)
  if (added.length === 0) return { ...before, detached }
  const same = before.attached.find(each => isSameTool(each, assignment) && JSON.stringify(each.options) === wanted)
  const ranks = rangesOf([...ranksIn(same?.ranks), ...added])
  return { attached: [...before.attached.filter(each => each !== same), { ...assignment, ranks }], detached }
}

export function withDetached(before: ToolChanges, { group, tool }: ToolKey, members: Entry[]): ToolChanges {
  const key = { group, tool }
  const wasAttached = (rank: number) => before.attached.some(each => isSameTool(each, key) && hasRank(each.ranks, rank))
  const offered = members
    .filter(({ tools, rank }) => !wasAttached(rank) && tools.some(each => isSameTool(each, key)))
    .map(({ rank }) => rank)
  const attached = withoutRanks(
    before.attached,
    key,
    members.map(({ rank }) => rank)
  )
  const known = before.detached.find(each => isSameTool(each, key))
  const others = before.detached.filter(each => each !== known)
  const all = rangesOf([...offered, ...ranksIn(known?.ranks)])
  return { attached, detached: all.length === 0 ? others : [...others, { ...key, ranks: all }] }
}

/** What is left for nobody is taken out. */
function withoutRanks<T extends ToolKey & { ranks: Ranks }>(all: T[], key: ToolKey, ranks: number[]): T[] {
  const gone = new Set(ranks)
  return all.flatMap(each => {
    if (!isSameTool(each, key)) return [each]
    const left = rangesOf(ranksIn(each.ranks).filter(rank => !gone.has(rank)))
    return left.length === 0 ? [] : [{ ...each, ranks: left }]
  })
}

const ranksIn = (ranks: Ranks = []): number[] =>
  ranks.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))

/** @throws {BakError} `usage` beyond what a command can carry */
export function bounded(changes: ToolChanges): ToolChanges {
  const { attached, detached } = changes
  if (attached.length > MAX_CHANGED || detached.length > MAX_CHANGED)
    throw new BakError('usage', `more than ${MAX_CHANGED} tools of one run cannot be attached, nor detached`)
  const ranges = [...attached, ...detached].reduce((sum, each) => sum + each.ranks.length, 0)
  if (ranges > MAX_RANGES)
    throw new BakError(
      'usage',
      'too many single members of a large run: choose members whose ranks follow each other, or all'
    )
  return changes
}
