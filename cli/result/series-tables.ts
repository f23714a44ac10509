/** Tables of series: a line a metric over all members and samples, or a line a series. */
import { stepFolder } from '../../protocols/layout.ts'
import { fittingTable } from '../fitting-table.ts'
import { formatLabels } from '../format.ts'
import { formatValue } from '../format-value.ts'
import type { SeriesOf } from './series-rows.ts'

/** Heads of columns that a narrow terminal has no room for. */
const SPARE_OF_TOTALS = ['MEMBERS', 'SERIES']
const SPARE_OF_SERIES = ['POINTS', 'TOOL', 'LAST']

interface Total {
  metric: string
  unit: string
  tool: string
  members: Set<string>
  series: number
  points: number
  min: number
  max: number
  /** Of all points. */
  sum: number
}

/** What each metric of each tool comes to, over all members and samples. */
export class SeriesTotals {
  readonly #totals = new Map<string, Total>()

  /** What all members did together is left out: it is in what each of them did. */
  add({ member, series: { tool, metric, unit, min, max, mean, count } }: SeriesOf): void {
    if (member === '') return
    const key = `${metric}\n${tool}\n${unit}`
    const none = { metric, unit, tool, members: new Set<string>(), series: 0, points: 0, min, max, sum: 0 }
    const total = this.#totals.get(key) ?? none
    this.#totals.set(key, total)
    total.members.add(member)
    total.series++
    total.points += count
    total.min = Math.min(total.min, min)
    total.max = Math.max(total.max, max)
    total.sum += mean * count
  }

  /** @returns a table by metric; '' if there are none */
  format(): string {
    const rows = [...this.#totals.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { metric, unit, tool, members, series, points, min, max, sum }]) => [
        ...[metric, ...[min, sum / points, max].map(each => formatValue(each, unit))],
        ...[tool, members.size, series]
      ])
    const head = ['METRIC', 'MIN', 'MEAN', 'MAX', 'TOOL', 'MEMBERS', 'SERIES']
    return rows.length === 0 ? '' : fittingTable(head, rows, SPARE_OF_TOTALS)
  }
}

/** @returns a table with a line a series and sample; '' if there are none */
export async function formatSeries(all: AsyncIterable<SeriesOf>): Promise<string> {
  const rows: Array<Array<string | number | undefined>> = []
  for await (const { step, member, series } of all) {
    const { metric, labels, tool, unit, min, mean, max, last, count } = series
    rows.push([
      ...[step == null ? undefined : stepFolder(step), member, metric, formatLabels(labels)],
      ...[min, mean, max, last].map(each => formatValue(each, unit)),
      ...[count, tool]
    ])
  }
  const head = ['SAMPLE', 'MEMBER', 'METRIC', 'LABELS', 'MIN', 'MEAN', 'MAX', 'LAST', 'POINTS', 'TOOL']
  return rows.length === 0 ? '' : fittingTable(head, rows, SPARE_OF_SERIES)
}
