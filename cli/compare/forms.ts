/** The forms in which a comparison is printed, by name. */
import { cleanLine } from '../../protocols/clean-line.ts'
import { csvLine } from '../../protocols/csv.ts'
import { formatNote, terminalWidth } from '../../protocols/text-table.ts'
import { fittingTable } from '../fitting-table.ts'
import { resources } from '../result/resources.ts'
import { type ComparedMetric, ratioIn } from './compare-metrics.ts'
import type { Comparison } from './comparison.ts'
import { asPage } from './page.ts'
import type { Section } from './section.ts'
import { percentOf, sectionsOf } from './sections.ts'

export type Form = 'text' | 'json' | 'csv' | 'markdown' | 'html'

interface Shown {
  /** Every difference of the environment, every resource and every column. */
  all: boolean
  /** Columns of a text; those of the terminal where it is left out. */
  width?: number | undefined
}

export async function render(comparison: Comparison, form: Form, { all, width }: Shown): Promise<string> {
  switch (form) {
    case 'text':
      return asText(comparison, all, width)
    case 'json':
      return asJson(comparison)
    case 'csv':
      return asCsv(comparison)
    case 'markdown':
      return asMarkdown(comparison, all)
    case 'html':
      return asPage(comparison)
  }
}

function asText(comparison: Comparison, all: boolean, width = terminalWidth()): string {
  const { first, groups, notes, answer, gates, tables } = sectionsOf(comparison, all)
  const lines = (texts: string[]) => texts.map(text => formatNote(text, width)).join('\n')
  const table = ({ head, rows, spare, note }: Section) =>
    [
      ...(rows.length === 0 ? [] : [fittingTable(head, rows, all ? [] : spare, width)]),
      ...(note == null ? [] : [formatNote(note, width)])
    ].join('\n')
  const parts = [lines([...first, ...groups, ...notes]), ...tables.map(table), lines([...answer, ...gates])]
  return parts.filter(part => part !== '').join('\n\n')
}

/** All of it as one value; ratios with their intervals included. */
function asJson({ environment, workload, tasks, resources: used, pictures: _, ...rest }: Comparison): string {
  return JSON.stringify({
    ...rest,
    environment: {
      ...environment,
      differences: environment.differences.map(each => ({ ...each, values: Object.fromEntries(each.values) }))
    },
    ...workload,
    metrics: workload.metrics.map(each => ({
      ...each,
      against: each.against.map(against => ({
        ...against,
        percent: percentOf(against.shift, against),
        interval: against.interval ?? null,
        intervalPercent: against.interval?.map(end => percentOf(end, against)) ?? null,
        ratio: ratioIn(each, against.label)
      }))
    })),
    tasks: tasks.map(({ medians, ...each }) => ({ ...each, medians: Object.fromEntries(medians) })),
    resources: used.map(({ difference, ...each }) => ({
      ...{ ...each, name: resources[each.resource].name, unit: resources[each.resource].unit },
      ...{ ...difference, percent: percentOf(difference.shift, difference), interval: difference.interval ?? null }
    }))
  })
}

const CSV_HEAD = [
  ...['kind', 'iteration', 'metric', 'member', 'unit', 'better', 'group', 'samples_base', 'samples'],
  ...['median_base', 'iqr_base', 'cv_base', 'median', 'iqr', 'cv'],
  ...['shift', 'shift_low', 'shift_high', 'percent', 'percent_low', 'percent_high', 'ratio', 'ratio_low', 'ratio_high'],
  ...['p', 'p_adjusted', 'verdict', 'needed']
]

/** A row for each metric of the workload and each resource, in each group but the baseline. */
function asCsv({ workload, resources: used }: Comparison): string {
  const metricRows = workload.metrics.flatMap(each =>
    each.against.map(against => {
      const { ratio, interval } = ratioIn(each, against.label)
      const [a, b] = [each.groups[0], each.groups.find(({ label }) => label === against.label)].map(
        group => group?.spread
      )
      return [
        ...[
          'workload',
          each.iteration,
          each.metric,
          undefined,
          each.unit,
          each.better,
          against.label,
          ...against.samples
        ],
        ...[a?.median, a?.iqr, a?.cv, b?.median, b?.iqr, b?.cv],
        ...shifts(against),
        ...[ratio, interval?.[0], interval?.[1]],
        ...[against.p, against.adjusted, against.verdict, against.needed]
      ]
    })
  )
  const resourceRows = used.map(({ iteration, member, resource, label, spreads: [a, b], difference }) => {
    const { name, unit } = resources[resource]
    return [
      ...['resource', iteration, name, member, unit, undefined, label, ...difference.samples],
      ...[a.median, a.iqr, a.cv, b.median, b.iqr, b.cv],
      ...shifts(difference),
      ...[undefined, undefined, undefined, difference.p, undefined, undefined, undefined]
    ]
  })
  return [CSV_HEAD, ...metricRows, ...resourceRows].map(csvLine).join('\n')
}

function shifts(against: Pick<ComparedMetric['against'][number], 'shift' | 'interval' | 'medians'>) {
  const { shift, interval: [low, high] = [] } = against
  const percents = [shift, low, high].map(each => (each == null ? undefined : percentOf(each, against)))
  return [shift, low, high, ...percents]
}

function asMarkdown(comparison: Comparison, all: boolean): string {
  const { first, groups, notes, answer, gates, tables } = sectionsOf(comparison, all)
  const list = (texts: string[]) => texts.map(text => `- ${escapeMarkdown(text)}`).join('\n')
  const bold = (texts: string[]) => texts.map(text => `**${escapeMarkdown(text)}**`).join('\n\n')
  const table = ({ title, head, rows, note }: Section) => {
    if (rows.length === 0) return note == null ? '' : escapeMarkdown(note)
    const line = (cells: unknown[]) => `| ${cells.map(cell => escapeMarkdown(String(cell ?? ''))).join(' | ')} |`
    const lines = [line(head), line(head.map(() => '---')), ...rows.map(line)]
    return [`### ${escapeMarkdown(title)}`, lines.join('\n'), ...(note == null ? [] : [escapeMarkdown(note)])].join(
      '\n\n'
    )
  }
  const parts = [bold(first), bold([...answer, ...gates]), list(groups), list(notes)]
  return [...parts, ...tables.map(table)].filter(part => part !== '').join('\n\n')
}

/** What others wrote is text: no tag, no table, no link, no emphasis. The rule under the head of a table stays as it is. */
function escapeMarkdown(text: string): string {
  const line = cleanLine(text)
  if (line === '---') return line
  return line
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_[\]|~#]/g, character => `\\${character}`)
}
