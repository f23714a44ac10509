/**
 * In what the machines were another in the groups of a comparison: what their sysinfo says of the begin of each run, and the settings of the
 * runs that bear on what is measured.
 */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sysinfoFolder } from '../../protocols/layout.ts'
import { readPlain } from '../../protocols/plain-file.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { type Facts, factsOf } from '../../protocols/sysinfo/comparable-facts.ts'
import type { Group, Opened } from './groups.ts'

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

/** The facts of each member of a run. */
export type Machines = Map<string, Facts>

export async function readEnvironment(groups: Group[]): Promise<Environment> {
  const machines = new Map<string, Machines>()
  for (const { run, folder } of groups.flatMap(({ selections }) => selections.map(({ result }) => result)))
    if (!machines.has(run)) machines.set(run, await readMachines(folder))
  return compareEnvironment(groups, machines)
}

/** @returns the facts of each member at the begin of the run; a result without sysinfo has none */
async function readMachines(folder: string): Promise<Machines> {
  const members = await readdir(join(folder, dirname(sysinfoFolder('begin', 'member')))).catch((): string[] => [])
  const machines: Machines = new Map()
  for (const member of members) {
    const at = join(folder, sysinfoFolder('begin', member))
    const texts: Array<[string, string]> = []
    for (const file of await readdir(at).catch((): string[] => [])) {
      const text = await readPlain(join(at, file)).catch(() => undefined)
      if (text != null) texts.push([file, text.toString()])
    }
    machines.set(member, factsOf(texts))
  }
  return machines
}

/** Pure. @param machines by run */
export function compareEnvironment(groups: Group[], machines: Map<string, Machines>): Environment {
  const runs = groups.map(group => ({ label: group.label, runs: runsOf(group) }))
  const facts = runs.map(({ label, runs: of }) => ({ label, of: of.map(({ run }) => machines.get(run) ?? new Map()) }))
  const members = new Set(facts.flatMap(({ of }) => of.flatMap((each: Machines) => [...each.keys()])))
  const differing = new Map<string, EnvironmentDifference>()
  const absent: string[] = []
  let compared = 0
  for (const member of members) {
    const here = facts.map(({ label, of }) => ({
      label,
      facts: of.flatMap((each: Machines) => each.get(member) ?? [])
    }))
    const without = here.filter(each => each.facts.length === 0).map(({ label }) => label)
    if (without.length > 0) absent.push(`no sysinfo of ${member} in ${without.join(' and ')}`)
    else for (const each of differencesOf(here)) add(differing, { ...each, members: [member] })
    if (without.length === 0) compared++
  }
  // other machines altogether: all of one group beside all of the other
  const whole = facts.map(({ label, of }) => ({ label, facts: of.flatMap((each: Machines) => [...each.values()]) }))
  if (compared === 0) for (const each of differencesOf(whole)) add(differing, { ...each, members: [] })
  const ofRuns = differencesOf(runs.map(({ label, runs: of }) => ({ label, facts: of.map(settingsOf) })))
  for (const each of ofRuns) add(differing, { ...each, members: [] })
  if (members.size === 0) absent.push('no sysinfo in any of them')
  return { differences: [...differing.values()].sort(byFact), absent }
}

function runsOf({ selections }: Group): Opened[] {
  return [...new Map(selections.map(({ result }) => [result.run, result])).values()]
}

type Side = { label: string; facts: Facts[] }

/** Facts of which the groups have other values; items that a side does not have at all were not taken there. */
function* differencesOf(sides: Side[]): Generator<Omit<EnvironmentDifference, 'members'>> {
  const items = sides.map(({ facts }) => new Set(facts.flatMap(each => [...each.keys()].map(itemIn))))
  const all = new Set(sides.flatMap(({ facts }) => facts.flatMap(each => [...each.keys()])))
  for (const fact of all) {
    if (items.some(each => !each.has(itemIn(fact)))) continue
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
