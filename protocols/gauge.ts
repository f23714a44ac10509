/**
 * The times of a fixed load on each member before and after a sample, and which of them stand out: beside the other samples of the
 * member, beside members with the same processor, and beside what the machine did before. Pure.
 */
import * as v from 'valibot'
import { count, milliseconds, name, text } from './fields.ts'
import { listInWords } from './list-in-words.ts'

/** Counts up when the load changes: times of different versions say nothing of each other. */
export const GAUGE_VERSION = 1

/** What is timed: arithmetic in a register and the first cache, copies in memory, 4 KiB with a sync to the disk. */
export const KINDS = ['integer', 'memory', 'disk'] as const
export type Kind = (typeof KINDS)[number]

const times = { integer: milliseconds, memory: milliseconds, disk: milliseconds }

/** The median time of a piece of each, ms, without what it waited for a processor that other programs had. */
export const gaugeTimes = v.object(times)
export type GaugeTimes = v.InferOutput<typeof gaugeTimes>

/** Of one gauging; `held` is the share of the time in which the load waited for a processor that other programs had, 0 to 1. */
const gaugeReading = v.object({ ...times, held: v.pipe(v.number(), v.minValue(0), v.maxValue(1)) })
export type GaugeReading = v.InferOutput<typeof gaugeReading>

/** One gauging, as a member tells it. */
export const gauged = v.object({
  version: count,
  /** Model of the processor. */
  model: text,
  /** Left out for one that was cut off, because it took longer than there was time. */
  reading: v.optional(gaugeReading),
  /** How long all of it took, with what starting it takes. */
  took: milliseconds,
  /** What this machine did before: medians of so many samples. */
  usual: v.optional(v.object({ ...times, samples: count }))
})
export type Gauged = v.InferOutput<typeof gauged>

/** The gauging of a member around one sample, as the record has it. */
export const gaugedMember = v.object({
  name,
  model: text,
  before: v.optional(gaugeReading),
  after: v.optional(gaugeReading),
  usual: gauged.entries.usual
})
export type GaugedMember = v.InferOutput<typeof gaugedMember>

/**
 * From so many times as slow on a machine stands out. Measured on a virtual machine of two processors, in 25 gaugings beside ten programs that
 * wanted to run and 15 that had a processor to themselves: the median piece of arithmetic was within 1.08 x of its usual time in 38 of 40,
 * and 1.11 x and 1.34 x in the other two; that of memory, which all programs of the machine share, within 1.4 x; and a sync took from
 * 0.15 to 6 ms from one gauging to the next. As the faster of two gaugings counts, both would have to be off.
 */
const THRESHOLDS: Record<Kind, { factor: number; leastMs: number }> = {
  integer: { factor: 1.5, leastMs: 0 },
  memory: { factor: 1.8, leastMs: 0 },
  // a disk counts only where a sync takes long enough to be felt
  disk: { factor: 5, leastMs: 5 }
}

/** Samples that a comparison with the past, or with the others of the same run, needs. */
const MIN_USUAL = 5
const MIN_SAMPLES = 3

/** @returns the better of the two around a sample: what was slow for a moment was slow in one of them only */
export function readingOf({ before, after }: Pick<GaugedMember, 'before' | 'after'>): GaugeReading | undefined {
  if (before == null || after == null) return before ?? after
  const better = (kind: keyof GaugeReading) => Math.min(before[kind], after[kind])
  return { integer: better('integer'), memory: better('memory'), disk: better('disk'), held: better('held') }
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** @returns how many times as slow, if that stands out */
export function slowness(kind: Kind, time: number, than: number): number | undefined {
  const { factor, leastMs } = THRESHOLDS[kind]
  const ratio = time / than
  return than > 0 && ratio >= factor && time >= leastMs ? ratio : undefined
}

export interface Slow {
  member: string
  /** `processor`: other programs had it. */
  kind: Kind | 'processor'
  factor: number
  /** What it is slower than: what it did `before`, other members, its other samples, or what it would be alone. */
  than: 'before' | 'others' | 'itself' | 'alone'
  /** Where it is slower than others: who they are. */
  others?: string[]
  /** Where it is slower than itself: in which sample. */
  sample?: string
}

interface GaugedSample {
  /** The folder of the sample. */
  sample: string
  members: GaugedMember[]
}

/** @returns what stands out in all samples so far, the slowest first, one for each member and kind */
export function slowIn(samples: GaugedSample[]): Slow[] {
  const found = [
    ...slowerThanAlone(samples),
    ...slowerThanBefore(samples),
    ...slowerThanOthers(samples),
    ...slowerThanItself(samples)
  ]
  const worst = new Map<string, Slow>()
  for (const each of found) {
    const key = `${each.member}/${each.kind}`
    const known = worst.get(key)
    // what the machine did before says more than who is faster
    if (known == null || (known.than === each.than && each.factor > known.factor)) worst.set(key, each)
  }
  return [...worst.values()].sort((a, b) => b.factor - a.factor)
}

/** The median of a member's samples. */
function typical(samples: GaugedSample[], member: string, kind: keyof GaugeReading): number {
  const all = samples.flatMap(({ members }) => members.filter(({ name }) => name === member))
  return median(all.flatMap(each => readingOf(each)?.[kind] ?? []))
}

/** Each as it was in its first sample: what it did before has no sample of this run. */
function membersIn(samples: GaugedSample[]): GaugedMember[] {
  const found = new Map<string, GaugedMember>()
  for (const { members } of samples) for (const each of members) if (!found.has(each.name)) found.set(each.name, each)
  return [...found.values()]
}

/** Other programs had its processors for a third of the time. */
const MIN_HELD = 1 / 3
const MAX_HELD = 0.99

function slowerThanAlone(samples: GaugedSample[]): Slow[] {
  return membersIn(samples).flatMap(({ name: member }) => {
    const held = typical(samples, member, 'held')
    const factor = 1 / (1 - Math.min(held, MAX_HELD))
    return held >= MIN_HELD ? [{ member, kind: 'processor' as const, factor, than: 'alone' as const }] : []
  })
}

function slowerThanBefore(samples: GaugedSample[]): Slow[] {
  return membersIn(samples).flatMap(({ name: member, usual }) => {
    if (usual == null || usual.samples < MIN_USUAL) return []
    return KINDS.flatMap(kind => {
      const factor = slowness(kind, typical(samples, member, kind), usual[kind])
      return factor == null ? [] : [{ member, kind, factor, than: 'before' as const }]
    })
  })
}

/** Beside the median of the members with the same processor, itself left out. */
function slowerThanOthers(samples: GaugedSample[]): Slow[] {
  const alike = Map.groupBy(membersIn(samples), ({ model }) => model)
  return [...alike.values()].flatMap(members =>
    members.flatMap(({ name: member }) =>
      KINDS.flatMap(kind => {
        const others = members.map(({ name }) => name).filter(each => each !== member)
        const rest = median(others.map(each => typical(samples, each, kind)).filter(time => !Number.isNaN(time)))
        const factor = slowness(kind, typical(samples, member, kind), rest)
        return factor == null ? [] : [{ member, kind, factor, than: 'others' as const, others }]
      })
    )
  )
}

/** Beside the median of its own samples. */
function slowerThanItself(samples: GaugedSample[]): Slow[] {
  return membersIn(samples).flatMap(({ name: member }) =>
    KINDS.flatMap(kind => {
      const own = samples.flatMap(({ sample, members }) => {
        const time = readingOf(members.find(({ name }) => name === member) ?? {})?.[kind]
        return time == null ? [] : [{ sample, time }]
      })
      if (own.length < MIN_SAMPLES) return []
      const usual = median(own.map(({ time }) => time))
      const slowest = own.reduce((a, b) => (b.time > a.time ? b : a))
      const factor = slowness(kind, slowest.time, usual)
      return factor == null ? [] : [{ member, kind, factor, than: 'itself' as const, sample: slowest.sample }]
    })
  )
}

/** Members that a line names. */
const MAX_NAMED = 3
const WORDS = { integer: 'arithmetic', memory: 'memory', disk: 'a sync to disk', processor: 'other programs run' }

/** @returns a line each; members of which other programs have the processors are in one */
export function describeSlow(slow: Slow[]): string[] {
  const busy = slow.filter(({ than }) => than === 'alone')
  const others = slow.filter(({ than }) => than !== 'alone').map(describeOne)
  if (busy.length < 2) return [...busy.map(describeOne), ...others]
  const named = listInWords(
    busy.map(({ member }) => member),
    MAX_NAMED
  )
  const most = Math.max(...busy.map(({ factor }) => factor))
  return [`${named} are up to ${most.toFixed(1)} x as slow as each would be alone (${WORDS.processor})`, ...others]
}

/** @returns `b is 1.7 x as slow as it was before (arithmetic)` */
function describeOne({ member, kind, factor, than, others = [], sample }: Slow): string {
  const named = others.length > MAX_NAMED ? `${others.length} others` : others.join(' and ')
  const as = {
    before: 'as it was before',
    alone: 'as it would be alone',
    others: `as ${named} with the same processor`,
    itself: `as in its other samples in ${sample}`
  }
  return `${member} is ${factor.toFixed(1)} x as slow ${as[than]} (${WORDS[kind]})`
}
