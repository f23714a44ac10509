/**
 * In what the machines were another in the groups of a comparison: what their sysinfo says of the begin of each run, and the settings of the
 * runs that bear on what is measured.
 */
import type { RunRecord } from '../../protocols/record.ts'
import type { Facts } from '../../protocols/sysinfo/comparable-facts.ts'
import { itemOfFile } from '../../protocols/sysinfo/items.ts'
import type { Group, Opened } from './groups.ts'
import { type Looks, type Machines, passingFacts, readLooks } from './sysinfo-looks.ts'

/** One fact in which groups differ. */
export interface EnvironmentDifference {
  /** `kernel.uname.release`, or of the run itself `run.tools`. */
  fact: string
  /** By label, every value that the group has; none where no machine of it has the fact. */
  values: Map<string, string[]>
  /** On which members; none for what is of the run. */
  members: string[]
}

export interface Environment {
  differences: EnvironmentDifference[]
  /** `B has no sysinfo of d`: what could not be compared. */
  absent: string[]
}

/** What is listed first. */
const FIRST = ['run', 'cpu', 'mitigations', 'kernel', 'packages', 'sysctl']

export async function readEnvironment(groups: Group[]): Promise<Environment> {
  const looks = new Map<string, Looks>()
  for (const { run, folder } of groups.flatMap(({ selections }) => selections.map(({ result }) => result)))
    if (!looks.has(run)) looks.set(run, await readLooks(folder))
  return compareEnvironment(groups, looks)
}

/** Pure. @param looks by run */
export function compareEnvironment(groups: Group[], looks: Map<string, Looks>): Environment {
  // an id begins with the time at which the run was made
  const inTurn = [...looks].sort(([one], [other]) => one.localeCompare(other, 'en'))
  const passing = passingFacts(inTurn.map(([, each]) => each))
  const runs = groups.map(group => ({ label: group.label, runs: runsOf(group) }))
  const facts = runs.map(({ label, runs: of }) => ({
    label,
    of: of.map(({ run }): Machines => looks.get(run)?.begin ?? new Map()),
    cut: cutIn(of)
  }))
  const members = new Set(facts.flatMap(({ of }) => of.flatMap(each => [...each.keys()])))
  const differing = new Map<string, EnvironmentDifference>()
  const absent: string[] = []
  let compared = 0
  for (const member of members) {
    const here = facts.map(({ label, of, cut }) => ({
      label,
      facts: of.flatMap(each => each.get(member) ?? []),
      cut: cut.get(member) ?? new Set<string>()
    }))
    const without = here.filter(each => each.facts.length === 0).map(({ label }) => label)
    if (without.length > 0) absent.push(`no sysinfo of ${member} in ${without.join(' and ')}`)
    else for (const each of differencesOf(here)) add(differing, { ...each, members: [member] })
    if (without.length === 0) compared++
  }
  // other machines altogether: all of one group beside all of the other
  const whole = facts.map(({ label, of, cut }) => ({
    label,
    facts: of.flatMap(each => [...each.values()]),
    cut: new Set([...cut.values()].flatMap(each => [...each]))
  }))
  if (compared === 0) for (const each of differencesOf(whole)) add(differing, { ...each, members: [] })
  const ofRuns = differencesOf(
    runs.map(({ label, runs: of }) => ({ label, facts: of.map(settingsOf), cut: new Set() }))
  )
  for (const each of ofRuns) add(differing, { ...each, members: [] })
  if (members.size === 0) absent.push('no sysinfo in any of them')
  const differences = [...differing.values()].filter(({ fact }) => !passing.has(fact))
  return { differences: differences.sort(byFact), absent }
}

function runsOf({ selections }: Group): Opened[] {
  return [...new Map(selections.map(({ result }) => [result.run, result])).values()]
}

/** Items of each member of which a part only is there: they took too long on a busy machine. */
function cutIn(runs: Opened[]): Map<string, Set<string>> {
  const cut = new Map<string, Set<string>>()
  for (const { kind, member, what } of runs.flatMap(({ record }) => record.shortfalls)) {
    const item = kind === 'sysinfo' ? itemOfFile(what) : undefined
    if (item != null && member != null) cut.set(member, new Set(cut.get(member)).add(item))
  }
  return cut
}

/** @param cut items that may lack facts */
type Side = { label: string; facts: Facts[]; cut: Set<string> }

/** Facts of which the groups have other values; items that a side does not have at all were not taken there, nor facts of one that was cut. */
function* differencesOf(sides: Side[]): Generator<Omit<EnvironmentDifference, 'members'>> {
  const items = sides.map(({ facts }) => new Set(facts.flatMap(each => [...each.keys()].map(itemIn))))
  const all = new Set(sides.flatMap(({ facts }) => facts.flatMap(each => [...each.keys()])))
  for (const fact of all) {
    const item = itemIn(fact)
    if (items.some(each => !each.has(item))) continue
    if (sides.some(({ facts, cut }) => cut.has(item) && !facts.some(each => each.has(fact)))) continue
    const values = new Map(sides.map(({ label, facts }) => [label, distinct(facts.map(each => each.get(fact)))]))
    if (new Set([...values.values()].map(each => JSON.stringify(each))).size > 1) yield { fact, values }
  }
}

const distinct = (values: Array<string | undefined>) => [...new Set(values.filter(each => each != null))].sort()
const itemIn = (fact: string) => fact.slice(0, fact.indexOf('.'))

/** The same difference on several members is one. */
function add(known: Map<string, EnvironmentDifference>, each: EnvironmentDifference): void {
  const key = JSON.stringify([each.fact, [...each.values]])
  const before = known.get(key)
  if (before == null) known.set(key, each)
  else before.members.push(...each.members)
}

/** What of a run itself bears on what is measured. */
function settingsOf({ record }: { record: RunRecord }): Facts {
  const { program, spec, roster, paths = [] } = record
  const tools = [...new Set(roster.flatMap(each => each.tools.map(({ tool }) => tool)))].sort()
  const relayed = paths.filter(({ begin }) => begin?.class === 'relayed').map(({ name }) => name)
  return new Map([
    ['run.bak', program],
    ['run.tools', tools.join(' ') || 'none'],
    ['run.interval', `${spec.interval} s`],
    ['run.relayed', relayed.sort().join(' ') || 'none']
  ])
}

function byFact(a: EnvironmentDifference, b: EnvironmentDifference): number {
  return rankOf(a) - rankOf(b) || a.fact.localeCompare(b.fact, 'en', { numeric: true })
}

function rankOf({ fact }: EnvironmentDifference): number {
  const rank = FIRST.indexOf(itemIn(fact))
  return rank === -1 ? FIRST.length : rank
}
