/**
 * Compares what the members used of their resources: the largest effect first. They explain what the workload measured, and decide nothing:
 * of many resources of many members some differ by chance. Pure.
 */
import { type Spread, spreadOf } from '../../protocols/quantiles.ts'
import type { ResourceName } from '../result/resources.ts'
import { compareGroups, type Difference } from './statistics/compare-groups.ts'

/** The number of one resource of one member in one sample. */
export interface ResourceValue {
  /** The label of the group. */
  label: string
  /** The iteration; '' where each group has one. */
  iteration: string
  member: string
  resource: ResourceName
  /** That it is of, of what is measured by device. */
  device?: string | undefined
  value: number
}

export interface ComparedResource {
  iteration: string
  member: string
  resource: ResourceName
  /** Of the samples; several where it was not the same in all of them. */
  devices: string[]
  label: string
  spreads: [Spread, Spread]
  difference: Difference
  /** How far apart the groups are, 0 to 1: how seldom they overlap, times the change as a share of the larger median. */
  effect: number
}

/** @param base the label of the baseline */
export function compareResources(values: ResourceValue[], base: string): ComparedResource[] {
  const keyOf = ({ iteration, member, resource }: ResourceValue) => JSON.stringify([iteration, member, resource])
  const compared = [...Map.groupBy(values, keyOf).values()].flatMap(alike => {
    const byLabel = Map.groupBy(alike, ({ label }) => label)
    const before = byLabel.get(base)
    const [{ iteration, member, resource }] = alike as [ResourceValue]
    if (before == null) return []
    const a = before.map(({ value }) => value)
    return [...byLabel]
      .filter(([label]) => label !== base)
      .map(([label, others]): ComparedResource => {
        const b = others.map(({ value }) => value)
        const difference = compareGroups(a, b)
        const spreads: [Spread, Spread] = [spreadOf(a), spreadOf(b)]
        const devices = [...new Set([...before, ...others].flatMap(({ device }) => device ?? []))]
        return { iteration, member, resource, devices, label, spreads, difference, effect: effectOf(difference) }
      })
  })
  return compared.sort((one, other) => other.effect - one.effect)
}

function effectOf({ medians: [a, b], delta }: Difference): number {
  const larger = Math.max(Math.abs(a), Math.abs(b))
  return larger === 0 ? 0 : Math.abs(delta) * Math.min(1, Math.abs(b - a) / larger)
}
