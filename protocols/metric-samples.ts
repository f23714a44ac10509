/** What the workloads of a run measured, as one value a sample: by iteration and metric, with the values of the instances that it is made of. Pure. */
import { stepFolder } from './layout.ts'
import { type Across, type Better, combine, type Metric } from './metric.ts'
import type { Spec } from './spec.ts'
import { failuresIn, hasFailed, type WorkEntry } from './work-entry.ts'

export interface MetricSamples {
  iteration: { number: number; name: string }
  metric: string
  unit?: string
  better?: Better
  /** How a value is made of those of the instances. */
  across: Across
  /** One of the main ones. */
  main?: true
  /** In the order of their numbers; those without the metric are left out. */
  samples: MetricSample[]
  /** Not all samples are made of values of the same instances: sums of them are not alike. */
  uneven?: true
}

export interface MetricSample {
  sample: number
  value: number
  byMember: InstanceValue[]
}

/** Of a command of the controller there is neither a member nor a workload. */
export interface InstanceValue {
  member?: string
  workload?: string
  /** 1 .. n */
  instance: number
  value: number
}

type Source = { workload: WorkEntry[]; spec: Pick<Spec, 'policy' | 'workload'> }
type Found = { entry: WorkEntry; metric: Metric }

/**
 * Warm-ups, failed samples and instances that failed count for nothing. Values in another unit are a metric of their own.
 * @returns by iteration, in the order in which the metrics were stated first
 */
export function metricSamples({ workload, spec }: Source): MetricSamples[] {
  const failed = new Set(failuresIn(workload, spec).map(({ step }) => stepFolder(step)))
  const good = workload.filter(
    each => each.step.warmup == null && !failed.has(stepFolder(each.step)) && !hasFailed(each)
  )
  const byIteration = [...Map.groupBy(good, ({ step }) => step.number).values()]
  const numberOf = ([first]: WorkEntry[]) => first?.step.number ?? 0
  return byIteration.sort((one, other) => numberOf(one) - numberOf(other)).flatMap(samplesOf)
}

/** @returns the value of one metric in one sample; undefined if nothing of it stated it */
export function metricValueOf(results: WorkEntry[], called: string): number | undefined {
  const found = foundIn(results).filter(({ metric }) => metric.name === called)
  const [first] = Map.groupBy(found, unitIn(found)).values()
  return first == null ? undefined : sampleValueOf(first)
}

function samplesOf(entries: WorkEntry[]): MetricSamples[] {
  const [
    {
      step: { number, name }
    } = { step: { number: 0, name: '' } }
  ] = entries
  return [...Map.groupBy(foundIn(entries), ({ metric }) => metric.name).values()].flatMap(named =>
    [...Map.groupBy(named, unitIn(named))].map(([unit, values]) => ({
      iteration: { number, name },
      ...aboutOf(unit, values),
      ...bySample(values)
    }))
  )
}

/** A name counts once in each entry, the first time: said again it would weigh more than what others say. */
const foundIn = (entries: WorkEntry[]): Found[] =>
  entries.flatMap(entry => {
    const byName = Map.groupBy(entry.metrics ?? [], ({ name }) => name)
    return [...byName.values()].map(([metric]) => ({ entry, metric: metric as Metric }))
  })

/** A value that has no unit has that of the others. */
function unitIn(named: Found[]): (each: Found) => string | undefined {
  const usual = named.find(({ metric }) => metric.unit != null)?.metric.unit
  return ({ metric }) => metric.unit ?? usual
}

/** What is said of the metric: whoever said it first. */
function aboutOf(unit: string | undefined, values: Found[]) {
  const better = values.find(({ metric }) => metric.better != null)?.metric.better
  return {
    metric: values[0]?.metric.name ?? '',
    ...(unit == null ? {} : { unit }),
    ...(better == null ? {} : { better }),
    across: acrossOf(values),
    ...(values.some(({ metric }) => metric.main) ? { main: true as const } : {})
  }
}

const acrossOf = (values: Found[]): Across =>
  values.find(({ metric }) => metric.across != null)?.metric.across ?? 'mean'

function bySample(values: Found[]): Pick<MetricSamples, 'samples' | 'uneven'> {
  const how = acrossOf(values)
  const groups = [...Map.groupBy(values, ({ entry }) => entry.step.sample)].sort(([one], [other]) => one - other)
  const samples = groups.map(([sample, found]) => ({
    sample,
    value: sampleValueOf(found, how),
    byMember: found.map(({ entry: { member, name, instance = 1 }, metric: { value } }) => ({
      ...(member == null ? {} : { member }),
      ...(name == null ? {} : { workload: name }),
      ...{ instance, value }
    }))
  }))
  const sets = new Set(samples.map(({ byMember }) => byMember.map(placeIn).sort().join('\n')))
  return { samples, ...(sets.size > 1 ? { uneven: true as const } : {}) }
}

const sampleValueOf = (found: Found[], how = acrossOf(found)) =>
  combine(
    found.map(({ metric }) => metric.value),
    how
  )

const placeIn = ({ member = '', workload = '', instance }: InstanceValue) => `${member} ${workload} ${instance}`
