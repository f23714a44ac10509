/** How fast the machines themselves were while the groups were measured, by the tool `gauge`: a fixed load before and after each sample. Pure. */
import { type GaugedMember, KINDS, type Kind, median, readingOf, slowness } from '../../protocols/gauge.ts'
import type { Group } from './groups.ts'

export interface Speeds {
  /** A sentence for each member that was slower in one group than in the other. */
  apart: string[]
  /** Members and kinds that were gauged in both. */
  compared: number
}

const WORDS: Record<Kind, string> = { integer: 'arithmetic', memory: 'memory', disk: 'a sync to disk' }

/** @returns nothing compared where a group has no gauge */
export function compareSpeeds(groups: Group[]): Speeds {
  const [base, ...others] = groups.map(group => ({ label: group.label, members: gaugedIn(group) }))
  const apart: string[] = []
  let compared = 0
  for (const [member, before] of base?.members ?? []) {
    for (const { label, members } of others) {
      const now = members.get(member)
      if (now == null) continue
      for (const kind of KINDS) {
        const [a, b] = [timeOf(before, kind), timeOf(now, kind)]
        if (Number.isNaN(a) || Number.isNaN(b)) continue
        compared++
        const [slow, fast] = b >= a ? [label, base?.label] : [base?.label, label]
        const factor = slowness(kind, Math.max(a, b), Math.min(a, b))
        if (factor != null)
          apart.push(`${member} itself was ${factor.toFixed(1)} x as slow in ${slow} as in ${fast} (${WORDS[kind]})`)
      }
    }
  }
  return { apart, compared }
}

/** The gaugings of each member around the samples of a group. */
function gaugedIn({ selections }: Group): Map<string, GaugedMember[]> {
  const found = selections.flatMap(({ result, number }) =>
    (result.record.gauges ?? []).filter(({ step }) => step.number === number).flatMap(({ members }) => members)
  )
  return Map.groupBy(found, ({ name }) => name)
}

const timeOf = (gauged: GaugedMember[], kind: Kind) => median(gauged.flatMap(each => readingOf(each)?.[kind] ?? []))
