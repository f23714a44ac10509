/** In what machines differ, by their facts: grouped by who is alike, the odd ones out first. Pure. */
import * as v from 'valibot'
import { count, list, name, text } from '../fields.ts'
import type { Facts } from './comparable-facts.ts'

/** One value of a fact, and who has it. */
export interface ValueGroup {
  /** Left out for those who do not have the fact. */
  value?: string | undefined
  members: string[]
}

export interface Difference {
  fact: string
  /** The fewest members first. */
  groups: ValueGroup[]
}

export interface Comparison {
  members: string[]
  /** Facts that at least one member has. */
  facts: number
  /** The odd ones out first: those in which the fewest members stand against the others. */
  differences: Difference[]
  /** Items of which some members have nothing: these are compared without them. */
  absent: Array<{ item: string; members: string[] }>
}

/** @param machines the facts of each member */
export function compareFacts(machines: Map<string, Facts>): Comparison {
  const members = [...machines.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const items = new Map(members.map(member => [member, itemsIn(machines.get(member) as Facts)]))
  const facts = new Set(members.flatMap(member => [...(machines.get(member) as Facts).keys()]))
  const differences: Difference[] = []
  for (const fact of facts) {
    const asked = members.filter(member => items.get(member)?.has(itemIn(fact)))
    const groups = groupsOf(asked.map(member => [member, machines.get(member)?.get(fact)]))
    if (groups.length > 1) differences.push({ fact, groups })
  }
  return { members, facts: facts.size, differences: differences.sort(byOddness), absent: absentIn(items) }
}

/** @returns who has which value, the fewest first */
export function groupsOf(values: Array<[member: string, value: string | undefined]>): ValueGroup[] {
  const groups = [...Map.groupBy(values, ([, value]) => value)].map(([value, each]) => ({
    value,
    members: each.map(([member]) => member)
  }))
  return groups.sort(
    (a, b) => a.members.length - b.members.length || (a.members[0] as string).localeCompare(b.members[0] as string)
  )
}

/** Who stands against whom: facts in which the same members are alike have the same. */
export const sidesOf = ({ groups }: Difference): string => JSON.stringify(groups.map(({ members }) => members))

/** Two sides before many, a single member before several; then those of the same sides together, by name. */
function byOddness(a: Difference, b: Difference): number {
  return (
    a.groups.length - b.groups.length ||
    (a.groups[0]?.members.length ?? 0) - (b.groups[0]?.members.length ?? 0) ||
    sidesOf(a).localeCompare(sidesOf(b)) ||
    a.fact.localeCompare(b.fact, 'en', { numeric: true })
  )
}

const itemIn = (fact: string) => fact.slice(0, fact.indexOf('.'))
const itemsIn = (facts: Facts) => new Set([...facts.keys()].map(itemIn))

function absentIn(items: Map<string, Set<string>>): Comparison['absent'] {
  const all = new Set([...items.values()].flatMap(each => [...each]))
  return [...all].flatMap(item => {
    const without = [...items].filter(([, has]) => !has.has(item)).map(([member]) => member)
    return without.length === 0 ? [] : [{ item, members: without }]
  })
}

/** Differences that a record names, sides of one, and members of a side; `count` has all. */
const MOST = { differences: 256, groups: 8, members: 16 }

const recorded = v.object({
  fact: text,
  groups: list(v.object({ value: v.optional(text), members: list(name, MOST.members), count }), MOST.groups)
})
/** The differences of the members, as the record of a run has them. */
export const recordedDifferences = v.optional(list(recorded, MOST.differences))
export type RecordedDifference = v.InferOutput<typeof recorded>

/** @returns as many as a record names, the odd ones out first */
export const toRecord = ({ differences }: Comparison): RecordedDifference[] =>
  differences.slice(0, MOST.differences).map(({ fact, groups }) => ({
    fact,
    groups: groups.slice(0, MOST.groups).map(({ value, members }) => ({
      value,
      members: members.slice(0, MOST.members),
      count: members.length
    }))
  }))
