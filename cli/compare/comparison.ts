/** What a comparison came to: everything that its forms (text, JSON, CSV, markdown, a page) are made of. */
import { failuresIn } from '../../protocols/work-entry.ts'
import { describeUnfit } from '../unfit.ts'
import { describePartial, describeSetting, type Unlike } from './alike.ts'
import type { ComparedMetric, ComparedMetrics } from './compare-metrics.ts'
import type { ComparedResource } from './compare-resources.ts'
import type { Environment } from './environment.ts'
import type { GateResult } from './gate.ts'
import type { Group } from './groups.ts'
import type { TaskRow } from './percentiles.ts'
import type { Profiles } from './profiles.ts'
import { sequenceOf } from './sequence.ts'
import type { Speeds } from './speed.ts'
import { leastSamples } from './statistics/needed-samples.ts'
import type { TaskCurves } from './task-curves.ts'
import type { Trace } from './traces.ts'

export interface GroupFacts {
  label: string
  runs: Array<{
    run: string
    name: string
    begun: number
    iterations: string[]
    settings: string[]
    tags: Record<string, string>
  }>
}

export interface Comparison {
  /** A share: 0.02. */
  threshold: number
  groups: GroupFacts[]
  /** What was not measured alike, and was to be compared all the same. */
  unlike: Unlike[]
  /** What else bears on how far the numbers can be trusted, a sentence each. */
  warnings: string[]
  /** In which order the groups were measured. */
  sequences: string[]
  environment: Environment
  speeds: Speeds
  workload: ComparedMetrics
  /** Percentiles of tasks, side by side. */
  tasks: TaskRow[]
  /** The largest effect first. */
  resources: ComparedResource[]
  /** For plots; of the page only. */
  pictures?: { traces: Trace[]; profiles: Profiles; curves: TaskCurves[] }
  gates: GateResult[]
}

export function factsOfGroup({ label, selections }: Group): GroupFacts {
  const byRun = Map.groupBy(selections, ({ result }) => result.run)
  const runs = [...byRun.values()].map(of => {
    const { run, name, begun, spec } = (of[0] as Group['selections'][number]).result.record
    const iterations = of.map(({ iteration }) => iteration.name)
    return { run, name, begun, iterations, settings: of.map(describeSetting), tags: spec.tags }
  })
  return { label, runs }
}

/** The orders of all groups against the baseline. */
export function sequencesOf([base, ...others]: Group[]): string[] {
  return base == null ? [] : others.map(each => sequenceOf(base, each))
}

/** @param unread series that could not be read */
export function warningsOf(groups: Group[], { metrics, tests }: ComparedMetrics, unread: string[]): string[] {
  const partial = groups.filter(({ selections }) => selections.some(({ result }) => result.record.partial))
  const uneven = metrics.filter(each => each.uneven).map(({ metric }) => metric)
  const undirected = metrics.filter(({ better }) => better == null).map(({ metric }) => metric)
  return [
    ...partial.map(each => `partial: ${describePartial(each)}`),
    ...groups.flatMap(unfinishedIn),
    ...groups.flatMap(unfitIn),
    ...groups.flatMap(failedIn),
    ...(uneven.length === 0 ? [] : [`${names(uneven)}: not all samples are of the same instances`]),
    ...(undirected.length === 0
      ? []
      : [`${names(undirected)}: nobody said whether more or less is better; --better ${undirected[0]}=less does`]),
    ...tooManyTests(metrics, tests),
    ...unread
  ]
}

/** Samples that could tell of one metric, and cannot of so many. */
function tooManyTests(metrics: ComparedMetric[], tests: number): string[] {
  const fewest = Math.min(...metrics.flatMap(({ against }) => against.flatMap(({ samples }) => samples)))
  const least = leastSamples(tests)
  if (fewest >= least || fewest < leastSamples(1)) return []
  return [
    `${fewest} samples can tell of ${most(fewest)} at once, and here are ${tests}: ask for fewer with --metric, or take ${least} samples of each`
  ]
}

/** @returns of how many so many samples of each group can tell together */
function most(samples: number): string {
  let tests = 1
  while (leastSamples(tests + 1) <= samples) tests++
  return tests === 1 ? '1 comparison' : `${tests} comparisons`
}

const names = (metrics: string[]) => [...new Set(metrics)].join(', ')

function unfinishedIn({ label, selections }: Group): string[] {
  const runs = new Map(selections.map(({ result }) => [result.run, result.record]))
  return [...runs.values()].flatMap(({ run, state }) => (state === 'ended' ? [] : [`${label}: ${run} has not ended`]))
}

/** Machines that were not fit to measure: a difference may be theirs. */
function unfitIn({ label, selections }: Group): string[] {
  const runs = new Map(selections.map(({ result }) => [result.run, result.record]))
  return [...runs.values()].flatMap(record => {
    const facts = describeUnfit(record)
    return facts === '' ? [] : [`${label}: ${record.run} was not fit to measure: ${facts}`]
  })
}

/** Samples that failed are left out of all numbers. */
function failedIn({ label, selections }: Group): string[] {
  const failed = selections.flatMap(({ result: { record }, number }) => {
    const steps = failuresIn(record.workload, record.spec).map(({ step }) => step)
    const own = steps.filter(step => step.number === number && step.warmup == null)
    return [...new Set(own.map(({ sample }) => sample))]
  })
  if (failed.length === 0) return []
  return [`${label}: ${failed.length} failed ${failed.length === 1 ? 'sample is' : 'samples are'} left out`]
}
