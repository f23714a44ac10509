/** A comparison as a page of its own that asks for nothing: the samples of each metric, the intervals, and the resources over each other. */
import { Block } from '../report/block.ts'
import type { CompareCurves, CompareData, CompareFlame, ComparePanel, CompareRow } from '../report/compare-data.ts'
import { pageHtml } from '../report/page-html.ts'
import type { Table } from '../report/report-data.ts'
import { type Resource, resources } from '../result/resources.ts'
import type { ComparedMetric } from './compare-metrics.ts'
import type { Comparison } from './comparison.ts'
import type { Section } from './section.ts'
import { changeOf, formatP, intervalOf, sectionsOf } from './sections.ts'
import type { Trace } from './traces.ts'

/** Of one page: what has a smaller effect is in the table. */
const MAX_PANELS = 24
const MAX_CURVES = 24
/** Of a group in one plot: more cannot be told from each other. */
const MAX_LINES = 8

export async function asPage(comparison: Comparison): Promise<string> {
  const block = new Block({ round: true })
  const { first, answer, gates, groups, notes, tables } = sectionsOf(comparison, true)
  const [environment, metrics, tasks, used] = tables
  const labels = comparison.groups.map(({ label }) => label)
  const { panels, more } = panelsOf(comparison, labels, block)
  const data: CompareData = {
    ...{ format: 1, first, answer, gates, threshold: comparison.threshold },
    notes: [...notes, ...(metrics.note == null ? [] : [metrics.note])],
    groups: groups.map((text, i) => ({ label: labels[i] ?? '', text })),
    metrics: comparison.workload.metrics.map(each => rowOf(each, labels)),
    ...{ panels, morePanels: more, curves: curvesOf(comparison, labels, block) },
    flames: flamesOf(comparison, labels, block),
    tables: [
      { ...tableOf(environment), open: true },
      ...(tasks.rows.length === 0 ? [] : [tableOf(tasks)]),
      tableOf(used)
    ],
    ...block.contents
  }
  const [a, b] = comparison.groups.map(({ runs }) => runs[0]?.name ?? '')
  const title = `${a === b ? a : `${a}, ${b}`}: ${labels.join(' and ')} compared`
  return pageHtml({ page: 'compare', title, data, block: block.bytes() })
}

function rowOf(
  { iteration, metric, unit = '', better, groups, against }: ComparedMetric,
  labels: string[]
): CompareRow {
  return {
    ...{ iteration, metric, unit, ...(better == null ? {} : { better }) },
    groups: groups.map(({ label, values, spread: { median, low, high } }) => ({
      ...{ group: labels.indexOf(label), values, median, low, high }
    })),
    against: against.map(each => {
      const { shift, interval, medians } = each
      const [baseline] = medians
      const share = (value: number) => value / Math.abs(baseline)
      return {
        ...{ group: labels.indexOf(each.label), verdict: each.verdict },
        ...{ change: changeOf(each), interval: intervalOf(each), p: formatP(each.adjusted) },
        ...(baseline === 0 ? {} : { shift: share(shift) }),
        ...(baseline === 0 || interval == null ? {} : { from: share(interval[0]), to: share(interval[1]) })
      }
    })
  }
}

/** Each resource of each member, the largest effect in any group first. */
function panelsOf({ resources: compared, pictures }: Comparison, labels: string[], block: Block) {
  const keyOf = ({ iteration, member, resource }: Pick<Trace, 'iteration' | 'member' | 'resource'>) =>
    JSON.stringify([iteration, member, resource])
  const traces = Map.groupBy(pictures?.traces ?? [], keyOf)
  const wanted = [...Map.groupBy(compared, keyOf)]
  const panels = wanted.slice(0, MAX_PANELS).map(([key, all]): ComparePanel => {
    const [{ resource, devices, member, iteration }] = all as [(typeof all)[0]]
    const { name, unit, full }: Resource = resources[resource]
    const changes = all.map(({ label, difference }) => `${changeOf(difference)} in ${label}`)
    return {
      title: [name, ...devices, ...(iteration === '' ? [] : [`of ${iteration}`])].join(' '),
      ...{ member, unit, note: changes.join(', ') },
      ...(full == null ? {} : { full }),
      lines: linesOf(traces.get(key) ?? [], labels, block)
    }
  })
  return { panels, more: Math.max(0, wanted.length - MAX_PANELS) }
}

/** The samples of the groups, in their order. */
function linesOf(traces: Trace[], labels: string[], block: Block): ComparePanel['lines'] {
  return labels.flatMap((label, group) =>
    traces
      .filter(trace => trace.label === label)
      .slice(0, MAX_LINES)
      .map(({ t, v, resource, sample }, i) => ({
        ...{ group, label: `${label}${i + 1}` },
        series: block.addSeries({
          ...{ member: 0, tool: '', metric: resource, labels: sample, unit: '', axis: block.addAxis(t) },
          ...{ values: Float64Array.from(v), measured: v.length }
        })
      }))
  )
}

/** A line for each group, of all its samples together; these, and the service time, beside it. */
function curvesOf({ pictures }: Comparison, labels: string[], block: Block): CompareCurves[] {
  return (pictures?.curves ?? []).slice(0, MAX_CURVES).map(({ task, iteration, lines }) => ({
    title: iteration === '' ? task : `${task} of ${iteration}`,
    lines: lines.map(({ label, kind, curve: { values, end }, max }) => ({
      ...{ group: labels.indexOf(label), kind, max },
      curve: { ...block.addValues(values), end }
    }))
  }))
}

/** Of members that have a profile in the baseline and in another group. */
function flamesOf({ pictures }: Comparison, [base = '', ...others]: string[], block: Block): CompareFlame[] {
  const before = [...(pictures?.profiles.get(base) ?? [])]
  return before.flatMap(([member, text]) => {
    const now = others.flatMap(label => {
      const other = pictures?.profiles.get(label)?.get(member)
      return other == null ? [] : [{ label, text: other }]
    })
    if (now.length === 0) return []
    const first = block.addText(text)
    return now.map(({ label, text: other }) => ({
      ...{ member, title: `${label} against ${base}`, unit: 'samples', before: first, now: block.addText(other) }
    }))
  })
}

function tableOf({ title, head, rows, note }: Section): Table {
  return {
    ...{ title, head: head.map(inWords), rows: rows.map(row => row.map(cell => cell ?? '')) },
    ...(note == null ? {} : { note })
  }
}

/** `95 % INTERVAL` -> `95 % interval`; the label of a group stays as it is. */
const inWords = (head: string) => (head.length === 1 ? head : head.charAt(0) + head.slice(1).toLowerCase())
