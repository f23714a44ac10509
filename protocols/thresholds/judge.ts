/** Holds what was measured against the thresholds of a run. Pure. */
import { COMMAND } from '../calls.ts'
import { cutText } from '../fields.ts'
import { globOf } from '../glob.ts'
import { stepFolder } from '../layout.ts'
import { listInWords } from '../list-in-words.ts'
import { mostSamples } from '../matrix/sampling.ts'
import { type MetricSamples, metricSamples } from '../metric-samples.ts'
import type { Step } from '../phase.ts'
import { medianOf } from '../quantiles.ts'
import type { RunRecord } from '../record.ts'
import { decidingIteration, kneeOf } from '../tasks/knee.ts'
import { failuresIn } from '../work-entry.ts'
import { type Decision, isOfTools, type Threshold } from './threshold.ts'
import type { ToolReadings, ToolValue } from './tool-readings.ts'

/** Reasons and labels that a decision names. */
const MAX_NAMED = 4

export type Judged = Pick<RunRecord, 'spec' | 'workload' | 'roster' | 'excluded' | 'sent' | 'resumes'>

/** What one place came to, sample by sample. */
interface Row {
  where?: string
  unit?: string
  values: Array<{ sample: number; value: number }>
}

interface Measured {
  rows: Row[]
  /** What keeps it from being met. */
  gaps: string[]
}

/** @param tools what the tools measured in the samples so far. @returns for each threshold and each iteration that it is about, in this order */
export function judgeThresholds(record: Judged, tools: ToolReadings[]): Decision[] {
  const all = metricSamples(record)
  return (record.spec.threshold ?? []).flatMap((threshold, i) =>
    iterationsOf(threshold, record).map(iteration => {
      const of = { threshold: i, metric: threshold.metric, iteration }
      const measured = measuredIn(record, { threshold, place: i, iteration, all, tools })
      return { ...of, ...decide(threshold, measured) }
    })
  )
}

/** @returns those that are missed whatever the samples say that may still come */
export function lostThresholds(record: Judged, tools: ToolReadings[]): Decision[] {
  // failed ones are repeated, and have no value
  const most = mostSamples({ ...record.spec, max_sample_failures: 0 })
  const all = metricSamples(record)
  return (record.spec.threshold ?? []).flatMap((threshold, i) => {
    if (!threshold.stop) return []
    return iterationsOf(threshold, record).flatMap(iteration => {
      const { rows } = measuredIn(record, { threshold, place: i, iteration, all, tools })
      const lost = rows.filter(row => isLost(threshold, row, most))
      if (lost.length === 0) return []
      return [{ threshold: i, metric: threshold.metric, iteration, ...decide(threshold, { rows: lost, gaps: [] }) }]
    })
  })
}

/** The threshold is about tools where it says so, and where no workload states its metric. */
export const isAboutTools = (threshold: Threshold, all: MetricSamples[]): boolean =>
  isOfTools(threshold) || (threshold.of == null && !all.some(({ metric }) => metric === threshold.metric))

/** @returns those for which series of tools are looked at, by their places in the spec */
export const askedOfTools = ({ threshold = [] }: Pick<RunRecord['spec'], 'threshold'>): Map<number, Threshold> =>
  new Map([...threshold.entries()].filter(([, { of }]) => of !== 'workloads'))

/** Without those that an earlier run has taken; of a search the highest value that holds. */
function iterationsOf({ iteration }: Threshold, { spec, workload, resumes }: Judged): Decision['iteration'][] {
  const fits = iteration == null ? () => true : globOf(iteration)
  const earlier = new Set((resumes?.taken ?? []).map(({ step }) => step.number))
  const own = new Set(workload.filter(({ step }) => step.warmup == null).map(({ step }) => step.number))
  const found = kneeOf(spec, workload, resumes?.taken)
  const isDecided = (number: number) => found == null || number === decidingIteration(found)
  return spec.iterations
    .map(({ name }, i) => ({ number: i + 1, name }))
    .filter(({ name, number }) => fits(name) && isDecided(number) && (own.has(number) || !earlier.has(number)))
}

interface Asked {
  threshold: Threshold
  place: number
  iteration: Decision['iteration']
  all: MetricSamples[]
  tools: ToolReadings[]
}

function measuredIn(record: Judged, asked: Asked): Measured {
  const good = goodSamples(record, asked.iteration.number)
  if (good.length === 0) return { rows: [], gaps: ['it has no good sample'] }
  if (isAboutTools(asked.threshold, asked.all)) return ofTools(record, asked, good)
  const tool = toolBeside(record, asked, good)
  if (tool == null) return ofWorkload(asked, good)
  return { rows: [], gaps: [`workloads state it, and ${tool} measured it: say whose by of = "workloads" or "tools"`] }
}

/**
 * A workload of any member may state a metric of any name: it must not stand in the place of what tools measured.
 * @returns a tool that has the metric of the threshold, too; series of workloads are none
 */
function toolBeside({ spec, roster }: Judged, { threshold, place, tools }: Asked, good: Step[]): string | undefined {
  if (threshold.of != null) return undefined
  const samples = new Set(good.map(stepFolder))
  const isWorkload = (tool: string) => tool === COMMAND || spec.workload.some(({ name }) => name === tool)
  return tools
    .filter(({ step }) => samples.has(stepFolder(step)))
    .flatMap(({ values }) => values)
    .find(
      ({ threshold, member, tool }) =>
        threshold === place &&
        (!isWorkload(tool) || roster.some(each => each.name === member && each.tools.some(one => one.tool === tool)))
    )?.tool
}

/** Those that count, as in metric-samples.ts. */
function goodSamples({ workload, spec }: Judged, number: number): Step[] {
  const failed = new Set(failuresIn(workload, spec).map(({ step }) => stepFolder(step)))
  const steps = workload.map(({ step }) => step).filter(each => each.number === number && each.warmup == null)
  const good = steps.filter(each => !failed.has(stepFolder(each)))
  return [...new Map(good.map(each => [each.sample, each])).values()].sort((a, b) => a.sample - b.sample)
}

function ofWorkload({ threshold, iteration, all }: Asked, good: Step[]): Measured {
  const { metric, unit } = threshold
  const named = all.filter(each => each.metric === metric && each.iteration.number === iteration.number)
  const fitting = named.filter(each => unit == null || each.unit === unit)
  if (fitting.length === 0) {
    const units = named.map(each => each.unit ?? 'no unit')
    return {
      rows: [],
      gaps: [units.length === 0 ? 'no sample states it' : `it is in ${listInWords(units, MAX_NAMED)}`]
    }
  }
  const stated = new Set(fitting.flatMap(({ samples }) => samples.map(({ sample }) => sample)))
  const silent = good.filter(({ sample }) => !stated.has(sample))
  const uneven = fitting.some(each => each.uneven) ? ['not all samples are of the same instances'] : []
  return {
    rows: fitting.map(each => ({ ...(each.unit != null && { unit: each.unit }), values: each.samples })),
    gaps: [...(silent.length > 0 ? [`${silent.length} of ${good.length} good samples do not state it`] : []), ...uneven]
  }
}

function ofTools(record: Judged, { threshold, place, tools }: Asked, good: Step[]): Measured {
  const { tool, member: named, unit } = threshold
  const fits = named == null ? () => true : globOf(named)
  const out = new Set(record.excluded.map(({ name }) => name))
  const members = record.roster.filter(({ name }) => fits(name) && !out.has(name))
  const gaps: string[] = []
  const rows = new Map<string, Row>()
  const seen = new Map<string, Set<number>>()
  const units = new Set<string>()
  for (const step of good) {
    const readings = tools.find(each => stepFolder(each.step) === stepFolder(step))
    for (const { name } of members) {
      const left = record.sent.some(each => each.name === name && each.what === stepFolder(step) && !each.arrived)
      if (left) gaps.push(`the data of ${name} in ${stepFolder(step)} has not arrived`)
      const unread = readings?.unread.find(each => each.member === name)
      if (unread != null) gaps.push(`${name} in ${stepFolder(step)}: ${unread.reason}`)
      for (const each of readings?.values ?? []) {
        if (each.threshold !== place || each.member !== name) continue
        units.add(each.unit)
        if (unit != null && each.unit !== unit) continue
        const where = placeOf(each)
        const row = rows.get(where) ?? { where, ...(each.unit !== '' && { unit: each.unit }), values: [] }
        row.values.push({ sample: step.sample, value: each.value })
        rows.set(where, row)
        seen.set(name, (seen.get(name) ?? new Set()).add(step.sample))
      }
    }
  }
  const expected = members.filter(({ name, tools }) => seen.has(name) || tools.some(each => each.tool === tool))
  for (const { name } of expected) {
    const lacking = good.filter(({ sample }) => !seen.get(name)?.has(sample))
    if (lacking.length > 0)
      gaps.push(`${name} did not measure it in ${listInWords(lacking.map(stepFolder), MAX_NAMED)}`)
  }
  const other = [...units].filter(each => each !== unit).map(each => each || 'no unit')
  const none =
    unit != null && other.length > 0
      ? `it is in ${listInWords(other, MAX_NAMED)}`
      : 'no workload states it and no tool measured it'
  return { rows: [...rows.values()], gaps: rows.size === 0 ? [...gaps, none] : gaps }
}

function placeOf({ member, tool, labels }: ToolValue): string {
  const said = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return `${tool} on ${member}${said.length === 0 ? '' : `, ${listInWords(said, MAX_NAMED)}`}`
}

/** A bound that is crossed counts, whatever is missing beside it. */
function decide(threshold: Threshold, { rows, gaps }: Measured): Omit<Decision, 'threshold' | 'metric' | 'iteration'> {
  const all = rows.flatMap(row => valuesOf(threshold, row).map(each => ({ ...each, row })))
  const [worst] = all.sort((a, b) => marginOf(threshold, a.value) - marginOf(threshold, b.value))
  const isMissed = worst != null && marginOf(threshold, worst.value) < 0
  const outcome = isMissed ? 'missed' : gaps.length > 0 || worst == null ? 'undecided' : 'met'
  return {
    outcome,
    ...(worst != null && { value: worst.value, samples: worst.row.values.length }),
    ...(worst == null && { samples: 0 }),
    ...(worst?.row.unit != null && { unit: worst.row.unit }),
    ...(worst?.row.where != null && { where: cutText(worst.row.where) }),
    ...(worst?.sample != null && { sample: worst.sample }),
    ...(outcome === 'undecided' && { reason: cutText(listInWords(gaps, MAX_NAMED)) })
  } as Omit<Decision, 'threshold' | 'metric' | 'iteration'>
}

/** @returns what is held against the bounds */
function valuesOf({ judge }: Threshold, { values }: Row): Array<{ value: number; sample?: number }> {
  return judge === 'each' ? values : [{ value: medianOf(values.map(({ value }) => value)) }]
}

/** @returns how far a value is within the bounds; negative outside of them */
function marginOf(
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Threshold,
  value: number
): number {
  return Math.min(value - min, max - value)
}

/** A median is out for certain once more than half of all that there can be are beyond one bound. */
function isLost(threshold: Threshold, { values }: Row, most: number): boolean {
  const { judge, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = threshold
  const below = values.filter(({ value }) => value < min).length
  const above = values.filter(({ value }) => value > max).length
  return judge === 'each' ? below + above > 0 : Math.max(below, above) > most / 2
}
