/** Gathers the page of a report from the folder of a result: what the record, the journal and the certificates say, and all series. */

import type { StoredEvent } from '../../protocols/events.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { SeriesInfo } from '../../protocols/series/series-file.ts'
import { Block } from './block.ts'
import { chooseCells } from './choose-cells.ts'
import { readMachines } from './environment.ts'
import { addFlames } from './flames.ts'
import { headOf, iterationsOf, membersIn, missingIn } from './head.ts'
import { indexMember, type MemberIndex } from './member-index.ts'
import { metricsIn } from './metrics.ts'
import { PANELS } from './panel-table.ts'
import { type DrawnCell, readMember } from './read-member.ts'
import { readPhases } from './read-phases.ts'
import type { Panel, ReportData } from './report-data.ts'
import { phaseSpans, windowsIn } from './spans.ts'
import { clockPoints, tablesOf } from './tables.ts'
import { fairShare } from './thin.ts'

/** Series that the page lists; the filter box still answers at once. */
const MAX_SERIES = 60_000
/** From so many points on values are rounded to 12 significant bits. */
const ROUNDED_FROM = 1_000_000

export interface ReportSource {
  folder: string
  record: RunRecord
  /** Files of series of each member, of its samples and of its persistent tools. */
  series: Map<string, string[]>
  /** Of its journal. */
  events: StoredEvent[]
}

export interface GatheredReport {
  data: ReportData
  /** Not compressed. */
  block: Uint8Array
}

/** @param points that the page has room for, of all series together */
export async function gatherReport(
  { folder, record, series, events }: ReportSource,
  points: number
): Promise<GatheredReport> {
  const phases = await readPhases(folder)
  const machines = await readMachines(
    folder,
    record.roster.map(({ name }) => name)
  )
  const told = { record, events, phases }
  const head = headOf(record, told)
  const iterations = iterationsOf(record)
  const indexes: Indexed[] = []
  for (const [member, { name }] of record.roster.entries()) {
    const index = await indexMember(name, series.get(name) ?? [])
    indexes.push({ index, member, cells: chooseCells([...index.series.values()]) })
  }
  const room = roomFor(indexes, points)
  const block = new Block({ round: room.all > ROUNDED_FROM })
  const drawn = new Map<number, DrawnCell[]>()
  // one after the other, so that the points of one member are in memory
  for (const each of indexes) drawn.set(each.member, await readMember(each, { ...room, begun: head.begun }, block))
  const panels = [...panelsOf(drawn), ...clockPanel(record, head.begun, block)]
  // what is damaged may be found with the points only
  const unread = indexes.flatMap(({ index }) => index.unread)
  const flames = await addFlames(folder, record, block, unread)
  const data: ReportData = {
    format: 1,
    head: { ...head, ...(room.reduced === '' ? {} : { reduced: room.reduced }) },
    missing: missingIn(record),
    members: membersIn(record, machines),
    iterations: iterations.map(({ number, name }) => ({ number, name })),
    windows: windowsIn(told, iterations, head.begun),
    phases: phaseSpans(told, head.begun),
    metrics: metricsIn(record, iterations),
    panels,
    ...block.contents,
    flames,
    tables: tablesOf({ ...told, record, unread, machines })
  }
  return { data, block: block.bytes() }
}

type Indexed = { index: MemberIndex; member: number; cells: ReturnType<typeof chooseCells> }

/** What panels draw may have most of the room: it is what is looked at. */
function roomFor(indexes: Indexed[], points: number) {
  const all = indexes.flatMap(({ index }) => [...index.series.values()])
  const kept = keptMetrics(all)
  const has = (info: SeriesInfo) => kept.has(groupOf(info))
  const inPanels = indexes.flatMap(({ index, cells }) => {
    const keys = cells.flatMap(({ parts }) => parts.flatMap(part => part?.keys.slice(0, 1) ?? []))
    return keys.map(key => index.series.get(key)?.count ?? 0)
  })
  const panels = fairShare(inPanels, points * 0.6)
  const used = inPanels.reduce((sum, count) => sum + Math.min(count, panels), 0)
  const others = fairShare(
    all.filter(has).map(({ count }) => count),
    points - used
  )
  const left = all.filter(each => !has(each))
  const most = Math.min(panels, others)
  return { panels, others, has, all: sum(all), reduced: describeReduced(all, left, most) }
}

const sum = (all: SeriesInfo[]) => all.reduce((total, { count }) => total + count, 0)

function describeReduced(all: SeriesInfo[], left: SeriesInfo[], most: number): string {
  const thinned = all.filter(({ count }) => count > most).length
  const metrics = new Set(left.map(({ tool, metric }) => `${metric} of ${tool}`))
  return [
    thinned === 0
      ? ''
      : `${thinned} of ${all.length} series have more points than fit on this page (${Math.floor(most)} or more each): of each interval the least and the highest value is drawn`,
    left.length === 0
      ? ''
      : `${left.length} series of ${[...metrics].slice(0, 4).join(', ')}${metrics.size > 4 ? ` and ${metrics.size - 4} more metrics` : ''} are not on this page`,
    thinned + left.length === 0 ? '' : 'bak export has all points'
  ]
    .filter(each => each !== '')
    .join('; ')
}

const groupOf = ({ tool, metric }: SeriesInfo) => `${tool}\n${metric}`

/** @returns the metrics that are on the page: those with the fewest series first, until it is full */
function keptMetrics(all: SeriesInfo[]): Set<string> {
  const groups = [...Map.groupBy(all, groupOf)].sort(([, a], [, b]) => a.length - b.length)
  const kept = new Set<string>()
  let room = MAX_SERIES
  for (const [group, series] of groups) {
    if (series.length > room) break
    kept.add(group)
    room -= series.length
  }
  return kept
}

function panelsOf(drawn: Map<number, DrawnCell[]>): Panel[] {
  return PANELS.flatMap(panel => {
    const { parts, of: _, resource: __, ...about } = panel
    const labels = parts.map(({ label }) => label)
    const cells = [...drawn].flatMap(([member, all]) =>
      all
        .filter(({ cell, series }) => cell.panel === panel && series.some(row => row >= 0))
        .map(({ cell, series }) => ({
          ...{ member, series, ...(cell.note == null ? {} : { note: cell.note }) },
          ...(panel.style === 'heat' ? { names: cell.parts.map(part => part?.name ?? '') } : {})
        }))
    )
    if (cells.length === 0) return []
    return [panel.style === 'heat' ? { ...about, parts: [], cells } : withoutEmpty({ ...about, parts: labels, cells })]
  })
}

/** What no tool of any member measures has no place in the legend. */
function withoutEmpty(panel: Panel): Panel {
  const has = panel.parts.map((_, at) => panel.cells.some(({ series }) => (series[at] ?? -1) >= 0))
  const kept = <T>(all: T[]) => all.filter((_, at) => has[at])
  return {
    ...panel,
    parts: kept(panel.parts),
    cells: panel.cells.map(cell => ({ ...cell, series: kept(cell.series) }))
  }
}

/** How far the clocks of the members are ahead of the controller's. */
function clockPanel(record: RunRecord, begun: number, block: Block): Panel[] {
  const cells = clockPoints(record).map(({ member, t, v }) => {
    const axis = block.addAxis(Float64Array.from(t, each => (each - begun) / 1000))
    const about = { member, tool: 'bak', metric: 'clock.offset', labels: '', unit: 'ms', axis }
    return { member, series: [block.addSeries({ ...about, values: Float64Array.from(v), measured: v.length })] }
  })
  if (cells.length === 0) return []
  const about = { id: 'clock', title: 'clock ahead of the controller', unit: 'ms', first: false } as const
  return [{ ...about, style: 'lines', parts: ['ahead'], rank: 'max', cells }]
}
