/** A comparison as lines and tables for people, which the forms write each in its way. Pure. */
import { listInWords } from '../../protocols/list-in-words.ts'
import { formatLabels, formatNumber, formatTime } from '../format.ts'
import { formatValue } from '../format-value.ts'
import { resources } from '../result/resources.ts'
import { differing } from '../sysinfo-diff.ts'
import type { ComparedMetric, ComparedMetrics } from './compare-metrics.ts'
import type { Comparison, GroupFacts } from './comparison.ts'
import type { EnvironmentDifference } from './environment.ts'
import type { GateResult } from './gate.ts'
import type { Section } from './section.ts'
import type { Difference } from './statistics/compare-groups.ts'
import { MAX_NEEDED } from './statistics/needed-samples.ts'
import { taskSection } from './task-section.ts'

export interface Sections {
  /** What must be known before any number. */
  first: string[]
  groups: string[]
  /** Order, environment, speed, warnings. */
  notes: string[]
  /** The environment, metrics, tasks, resources. */
  tables: [Section, Section, Section, Section]
  /** The answer, a line for each verdict. */
  answer: string[]
  gates: string[]
}

const MAX_ENVIRONMENT = 24
const MAX_RESOURCES = 12
const MAX_NAMED = 6
const MAX_VALUE = 40
/** Of medians. */
const DIGITS = 4

/** @param all with every row */
export function sectionsOf(comparison: Comparison, all = false): Sections {
  const { groups, unlike, warnings, sequences, speeds, workload, gates, threshold } = comparison
  const metrics = workload.metrics
  return {
    first: unlike.map(({ text }) => `not measured alike: ${text}`),
    groups: groups.map(describeGroup),
    notes: [
      ...sequences,
      ...speeds.apart,
      ...(speeds.compared > 0 && speeds.apart.length === 0
        ? ['by their gauge the machines were as fast in all groups']
        : []),
      ...warnings,
      ...workload.absent.map(each => `not compared: ${each}`),
      ...comparison.environment.absent.map(each => `environment not compared: ${each}`)
    ],
    tables: [
      environmentSection(comparison, all),
      metricSection(workload, groups),
      taskSection(comparison, all),
      resourceSection(comparison, all)
    ],
    answer: metrics.length === 0 ? ['no metric of the workload is in both groups'] : answerOf(metrics, threshold),
    gates: gates.flatMap(describeGate)
  }
}

/** `A: 20261122T213015-k3f9ab smoke, 2026-11-22 21:30:15 UTC, bs=4k` */
function describeGroup({ label, runs }: GroupFacts): string {
  const each = runs.map(({ run, name, begun, iterations, settings, tags }) => {
    const shown = iterations.length === 1 ? settings.filter(setting => setting !== 'none') : iterations
    const facts = [`${run} ${name}`, `${formatTime(begun)} UTC`, listInWords(shown, MAX_NAMED), formatLabels(tags)]
    return facts.filter(fact => fact !== '').join(', ')
  })
  return `${label}: ${each.join('; ')}`
}

function environmentSection({ environment, groups }: Comparison, all: boolean): Section {
  const { differences } = environment
  const shown = all ? differences : differences.slice(0, MAX_ENVIRONMENT)
  const more = differences.length - shown.length
  return {
    title: 'Environment',
    head: ['DIFFERENCE', ...groups.map(({ label }) => label), 'ON'],
    spare: ['ON'],
    rows: shown.map(each => [each.fact, ...sidesOf(each, groups), listInWords(each.members, MAX_NAMED)]),
    ...(more === 0 ? {} : { note: `${more} more differences: --all prints them` })
  }
}

/** The values of the groups; long ones from shortly before they begin to differ. */
function sidesOf({ values }: EnvironmentDifference, groups: GroupFacts[]): string[] {
  const texts = groups.map(({ label }) => values.get(label)?.join(', ') ?? '')
  return differing(texts, MAX_VALUE).map(text => (text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`))
}

function metricSection({ metrics, others }: ComparedMetrics, groups: GroupFacts[]): Section {
  const [base = ''] = groups.map(({ label }) => label)
  const isOne = metrics.every(({ iteration }) => iteration === '')
  const isPair = groups.length === 2
  const other = isPair ? (groups[1]?.label ?? '') : 'GROUP'
  const change = `CHANGE is the median of all differences between a sample and one of ${base}, in percent of the median of ${base}`
  const explained = [
    ...(metrics.length === 0 ? [] : [change]),
    ...(others.length === 0 ? [] : [othersText(others.length)])
  ]
  return {
    title: 'Workload',
    head: [
      ...(isOne ? [] : ['ITERATION']),
      ...['METRIC', base, other, ...(isPair ? [] : ['MEDIAN'])],
      ...['CHANGE', 'VERDICT', '95 % INTERVAL', 'NEEDS', 'P', 'IQR', 'CV', 'SAMPLES']
    ],
    spare: ['P', 'IQR', 'CV', 'SAMPLES', 'NEEDS', '95 % INTERVAL'],
    rows: metrics.flatMap(each =>
      each.against.map(against => {
        const [a, b] = [base, against.label].map(label => each.groups.find(group => group.label === label))
        const spreads = [a, b].map(group => group?.spread)
        const [from, to] = against.medians.map(median => formatValue(median, each.unit, DIGITS))
        return [
          ...(isOne ? [] : [each.iteration]),
          each.metric,
          from,
          ...(isPair ? [to] : [against.label, to]),
          changeOf(against),
          against.verdict,
          intervalOf(against),
          against.needed == null ? '' : neededText(against.needed),
          formatP(against.adjusted),
          spreads.map(spread => percentText(spread?.iqr, spread?.median)).join(' | '),
          spreads.map(spread => (spread?.cv == null ? '-' : `${rounded(spread.cv)} %`)).join(' | '),
          against.samples.join(' | ')
        ]
      })
    ),
    ...(explained.length === 0 ? {} : { note: explained.join('. ') })
  }
}

const othersText = (count: number) =>
  `${count} other ${count === 1 ? 'metric is' : 'metrics are'} not compared: --metric '*' compares all`

function resourceSection({ resources: compared, groups }: Comparison, all: boolean): Section {
  const isOne = compared.every(({ iteration }) => iteration === '')
  const shown = all ? compared : compared.filter(({ difference }) => isApart(difference)).slice(0, MAX_RESOURCES)
  const more = compared.length - shown.length
  const isPair = groups.length === 2
  const [base = '', other = ''] = groups.map(({ label }) => label)
  return {
    title: 'Resources, the largest effect first; they decide nothing',
    head: [
      ...['RESOURCE', 'MEMBER', ...(isOne ? [] : ['ITERATION']), ...(isPair ? [] : ['GROUP'])],
      ...[base, isPair ? other : 'MEDIAN', 'CHANGE', '95 % INTERVAL', 'P']
    ],
    spare: ['P', '95 % INTERVAL'],
    rows: shown.map(({ resource, devices, member, iteration, label, difference }) => {
      const { name, unit } = resources[resource]
      return [
        ...[[name, ...devices].join(' '), member, ...(isOne ? [] : [iteration]), ...(isPair ? [] : [label])],
        ...difference.medians.map(median => formatValue(median, unit, DIGITS)),
        ...[changeOf(difference), intervalOf(difference), formatP(difference.p)]
      ]
    }),
    ...(more === 0 ? {} : { note: `${more} more resources that differ less or not surely: --all prints them` })
  }
}

/** Not so where the interval has 0 in it, and where there are too few samples for one. */
const isApart = ({ interval }: Difference) => interval != null && (interval[0] > 0 || interval[1] < 0)

/** A share of the baseline's median in percent; undefined beside a median of 0. */
export const percentOf = (value: number, { medians: [median] }: Pick<Difference, 'medians'>): number | undefined =>
  median === 0 ? undefined : (100 * value) / Math.abs(median)

/** `-8.4 %`, or where the baseline is 0 the shift itself. */
export function changeOf(difference: Difference): string {
  const percent = percentOf(difference.shift, difference)
  return percent == null ? signed(difference.shift) : `${signed(rounded(percent))} %`
}

export function intervalOf({ interval, medians }: Difference): string {
  if (interval == null) return ''
  const [from, to] = interval.map(each => percentOf(each, { medians }))
  if (from == null || to == null) return interval.map(signed).join(' to ')
  return `${signed(rounded(from))} to ${signed(rounded(to))} %`
}

const neededText = (needed: number) => (needed >= MAX_NEEDED ? 'more than are worth it' : `${needed} of each`)

const signed = (value: number) => `${value > 0 ? '+' : ''}${formatNumber(value)}`
const rounded = (value: number) => Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 3))

function percentText(value: number | undefined, median: number | undefined): string {
  if (value == null || median == null) return '-'
  return median === 0 ? formatNumber(value) : `${rounded((100 * value) / Math.abs(median))} %`
}

/** `0.0079`, `< 0.0001` */
export const formatP = (p: number) => (p < 0.0001 ? '< 0.0001' : String(Number(p.toPrecision(2))))

/** What differs by how much, then what is the same, then what cannot be told. */
function answerOf(metrics: ComparedMetric[], threshold: number): string[] {
  const all = metrics.flatMap(each => each.against.map(against => ({ each, against, called: nameOf(each, against) })))
  const decided = all
    .filter(({ against: { verdict } }) => verdict !== 'same' && verdict !== 'cannot tell')
    .map(({ called, against }) => `${against.verdict}: ${called}, ${changeOf(against)} (${intervalOf(against)})`)
  const same = all.filter(({ against }) => against.verdict === 'same').map(({ called }) => called)
  const open = all
    .filter(({ against }) => against.verdict === 'cannot tell')
    .map(({ called, against: { needed } }) => `${called}${needed == null ? '' : ` (needs ${neededText(needed)})`}`)
  return [
    ...decided,
    ...(same.length === 0 ? [] : [`same within ${rounded(100 * threshold)} %: ${listInWords(same, MAX_NAMED)}`]),
    ...(open.length === 0 ? [] : [`cannot tell: ${listInWords(open, MAX_NAMED)}`])
  ]
}

function nameOf({ metric, iteration, against }: ComparedMetric, { label }: { label: string }): string {
  const of = iteration === '' ? '' : ` of ${iteration}`
  return `${metric}${of}${against.length === 1 ? '' : ` in ${label}`}`
}

function describeGate({ condition, failed, undecided, tested }: GateResult): string[] {
  const said = `--fail-on "${condition}"`
  const open = undecided.map(
    ({ metric, needed }) => `${metric}${needed == null ? '' : ` (needs ${neededText(needed)})`}`
  )
  return [
    ...(failed.length === 0 ? [] : [`${said} holds: ${listInWords(failed, MAX_NAMED)}`]),
    ...(open.length === 0 ? [] : [`${said} cannot be told: ${listInWords(open, MAX_NAMED)}`]),
    ...(failed.length + open.length === 0
      ? [`${said} does not hold, of ${tested} ${tested === 1 ? 'metric' : 'metrics'}`]
      : [])
  ]
}
