/** The looks at the machines of a result that are compared, and what in them is no setting of a machine. */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type SysinfoWhen, sysinfoFolder } from '../../protocols/layout.ts'
import { readPlain } from '../../protocols/plain-file.ts'
import { type Facts, factsOf } from '../../protocols/sysinfo/comparable-facts.ts'

/** The facts of each member of a run. */
export type Machines = Map<string, Facts>

export interface Looks {
  begin: Machines
  end: Machines
}

export async function readLooks(folder: string): Promise<Looks> {
  return { begin: await readMachines(folder, 'begin'), end: await readMachines(folder, 'end') }
}

/** @returns the facts of each member; a result without sysinfo has none */
async function readMachines(folder: string, when: SysinfoWhen): Promise<Machines> {
  const members = await readdir(join(folder, dirname(sysinfoFolder(when, 'member')))).catch((): string[] => [])
  const machines: Machines = new Map()
  for (const member of members) {
    const at = join(folder, sysinfoFolder(when, member))
    const texts: Array<[string, string]> = []
    for (const file of await readdir(at).catch((): string[] => [])) {
      const text = await readPlain(join(at, file)).catch(() => undefined)
      if (text != null) texts.push([file, text.toString()])
    }
    machines.set(member, factsOf(texts))
  }
  return machines
}

/**
 * Counters, times, what is free, on one member at least: numbers that were others at the end of each run than at its begin, or that rose
 * during one and fell at no time, since some counters rest while a machine is idle. A setting that a run raised itself looks alike; it was not
 * yet set when the run was looked at first, so that nothing can be told of it. Pure.
 * @param runs in the order of time
 * @returns facts that say nothing of how the machines differ between runs
 */
export function passingFacts(runs: Looks[]): Set<string> {
  const members = new Set(runs.flatMap(({ begin }) => [...begin.keys()]))
  return new Set([...members].flatMap(member => passingOn(member, runs)))
}

function passingOn(member: string, runs: Looks[]): string[] {
  const pairs = runs.flatMap(({ begin, end }) => {
    const [before, after] = [begin.get(member), end.get(member)]
    return before == null || after == null ? [] : [[before, after] as const]
  })
  const [[first] = []] = pairs
  if (first == null) return []
  return [...first.keys()].filter(fact => {
    const values = pairs.map(pair => pair.map(facts => facts.get(fact)) as Value[])
    // of one run it may as well be a package that was updated meanwhile
    const isUnsteady = values.length > 1 && values.every(([before, after]) => isAnotherNumber(before, after))
    return isUnsteady || isCounter(values)
  })
}

type Value = string | undefined

/** @param runs at the begin and at the end of each: whole numbers that only rise, and during a run, too */
function isCounter(runs: Value[][]): boolean {
  const all = runs.flat()
  if (!all.every(each => each != null && /^\d+$/.test(each))) return false
  const isRising = all.every((each, i) => i === 0 || Number(each) >= Number(all[i - 1]))
  return isRising && runs.some(([before, after]) => Number(after) > Number(before))
}

const NUMBERS = /\d+/g

/** They differ in their numbers alone. */
function isAnotherNumber(one: Value, other: Value): boolean {
  if (one == null || other == null || one === other) return false
  return one.replace(NUMBERS, '0') === other.replace(NUMBERS, '0')
}
