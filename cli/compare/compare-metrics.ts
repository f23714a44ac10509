/** Compares the metrics of the workload: each group with the baseline, all tests of one comparison corrected together. Pure. */
import type { Better } from '../../protocols/metric.ts'
import { type MetricSamples, metricSamples } from '../../protocols/metric-samples.ts'
import { type Spread, spreadOf } from '../../protocols/quantiles.ts'
import { type Group, keysOf } from './groups.ts'
import { ratioOf } from './statistics/bootstrap.ts'
import { compareGroups, type Difference } from './statistics/compare-groups.ts'
import { holm } from './statistics/holm.ts'
import { type Judgement, judge } from './statistics/judge.ts'
import type { Interval } from './statistics/shift.ts'

export interface Settings {
  /** A share of the baseline's median: 0.02. */
  threshold: number
  /** Whether a metric is asked for; the main ones are where it is left out. */
  isWanted?: ((metric: string) => boolean) | undefined
  /** Whether a metric is asked for beside those, such as by a condition. */
  isNamed?: (metric: string) => boolean
  /** What the caller says of metrics whose workload did not say it. */
  betterOf: (metric: string) => Better | undefined
}

export interface ComparedGroup {
  label: string
  values: number[]
  spread: Spread
}

/** A metric in one setting, in all groups that have it. */
export interface ComparedMetric {
  /** The iteration; '' where each group has one. */
  iteration: string
  metric: string
  unit?: string
  better?: Better
  /** The baseline first. */
  groups: ComparedGroup[]
  /** Not all samples are of the same instances. */
  uneven?: true
  /** Of each other group against the baseline, in their order. */
  against: Array<Difference & Judgement & { label: string }>
}

export interface ComparedMetrics {
  metrics: ComparedMetric[]
  /** Tests that were corrected together. */
  tests: number
  /** Metrics that groups have and that were not asked for. */
  others: string[]
  /** What is not compared, because a group does not have it: `iops of 4k: not in B` */
  absent: string[]
}

interface Found extends Pick<MetricSamples, 'metric' | 'unit' | 'better' | 'uneven' | 'main'> {
  iteration: string
  /** By label. */
  values: Map<string, number[]>
}

export function compareMetrics(groups: Group[], settings: Settings): ComparedMetrics {
  const { threshold, betterOf } = settings
  const [base = ''] = groups.map(({ label }) => label)
  const isWhole = ({ values }: Found) => values.has(base) && values.size > 1
  const all = [...gather(groups)]
  const found = chosenOf(all, all.filter(isWhole), settings)
  const whole = found.filter(isWhole)
  const tests = whole.flatMap(each =>
    [...each.values]
      .filter(([label]) => label !== base)
      .map(([label, b]) => ({ each, label, difference: compareGroups(each.values.get(base) as number[], b) }))
  )
  const adjusted = holm(tests.map(({ difference }) => difference.p))
  const metrics = whole.map(each => {
    const { iteration, metric, unit, uneven, values } = each
    const better = each.better ?? betterOf(metric)
    const about = { ...(unit == null ? {} : { unit }), ...(better == null ? {} : { better }) }
    return {
      ...{ iteration, metric, ...about, ...(uneven == null ? {} : { uneven }) },
      groups: [...values].map(([label, of]) => ({ label, values: of, spread: spreadOf(of) })),
      against: tests.flatMap(({ each: of, label, difference }, i) => {
        if (of !== each) return []
        const standard = { threshold, adjusted: adjusted[i] as number, tests: tests.length, better }
        return [{ label, ...difference, ...judge(difference, standard) }]
      })
    }
  })
  const labels = groups.map(({ label }) => label)
  const compared = new Set(whole.map(({ metric }) => metric))
  const others = new Set(all.filter(isWhole).flatMap(({ metric }) => (compared.has(metric) ? [] : [metric])))
  return { metrics, tests: tests.length, others: [...others], absent: found.flatMap(each => absentIn(each, labels)) }
}

/** @param whole those that can be compared: where none of them is a main one, all are asked for */
function chosenOf(all: Found[], whole: Found[], { isWanted, isNamed }: Settings): Found[] {
  const hasMain = whole.some(({ main }) => main)
  const isChosen = ({ metric, main }: Found) => (isWanted == null ? main || !hasMain : isWanted(metric))
  return all.filter(each => isChosen(each) || isNamed?.(each.metric))
}

/** @returns the names of all metrics that a group has */
export const metricNames = (groups: Group[]): string[] => [...new Set([...gather(groups)].map(({ metric }) => metric))]

/** The values of each metric by group; a metric in another unit is another metric. */
function gather(groups: Group[]): Iterable<Found> {
  const keyOf = keysOf(groups)
  const found = new Map<string, Found>()
  for (const { label, selections } of groups) {
    for (const selection of selections) {
      const { result, number } = selection
      for (const { iteration, samples, ...about } of metricSamples(result.record)) {
        if (iteration.number !== number) continue
        const key = JSON.stringify([keyOf(selection), about.metric, about.unit ?? ''])
        const { metric, unit, better, uneven, main } = about
        const known = found.get(key) ?? { iteration: keyOf(selection), metric, unit, better, values: new Map() }
        const marks = { ...(uneven == null ? {} : { uneven }), ...(main == null ? {} : { main }) }
        found.set(key, { ...known, better: known.better ?? better, ...marks })
        const values = known.values.get(label) ?? []
        known.values.set(label, [...values, ...samples.map(({ value }) => value)])
      }
    }
  }
  return found.values()
}

function absentIn({ iteration, metric, unit, values }: Found, labels: string[]): string[] {
  const without = labels.filter(label => !values.has(label))
  if (without.length === 0) return []
  const of = iteration === '' ? '' : ` of ${iteration}`
  return [`${metric}${unit == null ? '' : ` in ${unit}`}${of}: not in ${without.join(', ')}`]
}

/** The ratio of the medians of a group to the baseline, with its interval: it takes 10,000 rounds a metric. */
export function ratioIn({ groups }: ComparedMetric, label: string): { ratio?: number; interval?: Interval } {
  const valuesOf = (called: string | undefined) => groups.find(each => each.label === called)?.values ?? []
  return ratioOf(valuesOf(groups[0]?.label), valuesOf(label))
}
