/** What is asked of a run first: which disk was busiest, and whether the processors were saturated. Pure. */
import { iterationFolder } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RosterEntry } from '../../protocols/manifest.ts'
import { formatValue } from '../format-value.ts'
import type { Measured } from './measure.ts'
import type { ResourceName } from './resources.ts'

/** Processors are saturated at a point in time where they are busy for so much of it, in percent. */
const SATURATED = 95
/** Shares of the points of an iteration from which on it was so, and was so at times. */
const MOST = 0.5
const SOME = 0.05
/** A disk that is busy for less is no disk that was used, in percent. */
const IDLE = 1
/** Of processors, what the hypervisor gives to others is told from here on, in percent. */
const STOLEN = 2
const MAX_NAMED = 4
/** Time that processors are counted in is some hundredths of a second long: from here on it is measured. */
const SHORT_MS = 1_000

/** What one member used in one iteration, over all its samples. */
interface Use {
  member: string
  iteration: string
  tool: string
  device?: string
  /** Of all points, each by its weight. */
  mean: number
  /** Of the points, how many are saturated; 0 to 1. */
  saturated: number
}

/** The resources that they are made of. */
export const OF_ANSWERS: ResourceName[] = [
  ...(['cpu', 'processor', 'steal', 'disk', 'diskBytes', 'diskRequests', 'readWait', 'writeWait'] as const)
]

export interface Answers {
  disk: string
  cpu: string
}

/** @param processors of each member, where they are known */
export function answersOf(measured: Measured[], processors: Map<string, number>): Answers {
  return { disk: busiestDisk(measured), cpu: saturation(measured, processors) }
}

/** `nvme0n1 of n2, busy 97 % of the time in 1-4k (412 MiB/s, 151 k requests/s, 3.1 ms a write)` */
function busiestDisk(measured: Measured[]): string {
  const uses = usesOf(measured, 'disk')
  const busiest = uses.toSorted((a, b) => b.mean - a.mean)[0]
  if (busiest == null) return notKnown(measured, 'disks', ['proc', 'iostat', 'sar'])
  const { member, device, iteration, mean } = busiest
  const where = manyOf(uses) ? ` in ${iteration}` : ''
  if (mean < IDLE)
    return `none was used: ${device} of ${member} was busiest, ${formatValue(mean, '%')} of the time${where}`
  const facts = factsOf(measured, busiest)
  return `${device} of ${member}, busy ${formatValue(mean, '%')} of the time${where}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`
}

function factsOf(measured: Measured[], { member, iteration }: Use): string[] {
  const mean = (resource: ResourceName) =>
    usesOf(measured, resource).find(each => each.member === member && each.iteration === iteration)?.mean
  const facts: Array<[value: number | undefined, words: (value: number) => string]> = [
    [mean('diskBytes'), value => formatValue(value, 'B/s')],
    [mean('diskRequests'), value => formatValue(value, '/s').replace(/ ?\/s$/, ' requests/s')],
    [mean('readWait'), value => `${formatValue(value, 'ms')} a read`],
    [mean('writeWait'), value => `${formatValue(value, 'ms')} a write`]
  ]
  return facts.flatMap(([value, words]) => (value == null || value === 0 ? [] : [words(value)]))
}

/** `saturated on n1, n2 in 1-4k (98 % to 100 % busy)`, `not saturated: n1 in 1-4k was busiest, 34 % of 2 processors` */
function saturation(measured: Measured[], processors: Map<string, number>): string {
  const uses = usesOf(measured, 'cpu')
  const busiest = uses.toSorted((a, b) => b.mean - a.mean)[0]
  if (busiest == null) return notKnown(measured, 'processors', ['proc', 'mpstat', 'sar'])
  const often = uses.filter(({ saturated }) => saturated >= MOST)
  const stolen = stealOf(measured)
  if (often.length > 0) return `saturated ${placesOf(often, uses)}${stolen}`
  const alone = `${singleThread(measured, busiest)}${stolen}`
  const atTimes = uses.filter(({ saturated }) => saturated >= SOME)
  if (atTimes.length > 0) return `saturated at times ${placesOf(atTimes, uses)}${alone}`
  const { member, iteration, mean } = busiest
  const where = manyOf(uses) ? ` in ${iteration}` : ''
  const cores = processors.get(member)
  const of = cores == null ? '' : ` of ${cores} ${cores === 1 ? 'processor' : 'processors'}`
  return `not saturated: ${member}${where} was busiest, ${formatValue(mean, '%')}${of}${alone}`
}

/** @param tools that measure them @returns whether one of these did, and had too little time for it */
function notKnown(measured: Measured[], what: string, tools: string[]): string {
  const [one] = measured.filter(({ tool }) => tools.includes(tool))
  const isShort = measured.every(({ t }) => (t.at(-1) ?? 0) - (t[0] ?? 0) < SHORT_MS)
  if (one != null && isShort) return `not known: the time was too short for ${one.tool} to measure ${what}`
  return `not known: no tool measured ${what}; ${tools.slice(0, -1).join(', ')} and ${tools.at(-1)} do`
}

/** @returns `on n1, n2 in 1-4k (98 % to 100 % busy)`; without the iterations, where it is of all of them or there is one */
function placesOf(found: Use[], all: Use[]): string {
  const namesOf = (uses: Use[]) => uses.map(({ member }) => member).sort()
  const byIteration = [...Map.groupBy(found, ({ iteration }) => iteration)]
  const alike = Map.groupBy(byIteration, ([, uses]) => namesOf(uses).join('\n'))
  const iterations = new Set(all.map(({ iteration }) => iteration)).size
  const places = [...alike.values()].map(groups => {
    const uses = groups.flatMap(([, each]) => each)
    const members = listInWords([...new Set(namesOf(uses))], MAX_NAMED)
    const named = listInWords(
      groups.map(([iteration]) => iteration),
      MAX_NAMED
    )
    const means = uses.map(({ mean }) => mean).sort((a, b) => a - b)
    const busy = [...new Set([means[0], means.at(-1)].map(each => formatValue(each as number, '%')))].join(' to ')
    return `on ${members}${groups.length === iterations ? '' : ` in ${named}`} (${busy} busy)`
  })
  return listInWords(places, MAX_NAMED)
}

/** It counts as busy, and nobody on the machine has it. */
function stealOf(measured: Measured[]): string {
  const most = usesOf(measured, 'steal').toSorted((a, b) => b.mean - a.mean)[0]
  return most == null || most.mean < STOLEN
    ? ''
    : `; the hypervisor took ${formatValue(most.mean, '%')} on ${most.member}`
}

/** One processor that is saturated while all together are not: often one thread that does the work. */
function singleThread(measured: Measured[], { mean: whole }: Use): string {
  const busiest = usesOf(measured, 'processor').toSorted((a, b) => b.mean - a.mean)[0]
  if (busiest == null || busiest.saturated < MOST || whole >= SATURATED) return ''
  return `; one processor of ${busiest.member} was, ${formatValue(busiest.mean, '%')}`
}

/** @returns what each member used in each iteration; over all points of its samples */
function usesOf(measured: Measured[], resource: ResourceName): Use[] {
  const groups = Map.groupBy(
    measured.filter(each => each.resource === resource),
    ({ member, step }) => `${step.number} ${member}`
  )
  return [...groups.values()].map(all => {
    const { member, step, tool, device } = all[0] as Measured
    const points = all.reduce((sum, { v }) => sum + v.length, 0)
    let [sum, weight] = [0, 0]
    for (const { v, w } of all) {
      for (const [i, each] of v.entries()) {
        const counts = w?.[i] ?? 1
        sum += each * counts
        weight += counts
      }
    }
    const saturated = all.reduce(
      (count, { v }) => count + v.reduce((one, each) => one + Number(each >= SATURATED), 0),
      0
    )
    return {
      ...{
        member,
        iteration: iterationFolder(step),
        tool,
        mean: weight > 0 ? sum / weight : 0,
        saturated: saturated / points
      },
      ...(device == null ? {} : { device })
    }
  })
}

/** @returns how many processors each member of a roster has */
export const processorsOf = (roster: RosterEntry[]): Map<string, number> =>
  new Map(roster.map(({ name, capabilities }) => [name, capabilities.cores]))

const manyOf = (uses: Use[]) => new Set(uses.map(({ iteration }) => iteration)).size > 1
