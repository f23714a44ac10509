/** How the room of a page is shared out among the series: which are on it, and with how many points. Pure. */
import type { SeriesInfo } from '../../protocols/series/series-file.ts'
import type { ChosenCell } from './choose-cells.ts'
import type { MemberIndex } from './member-index.ts'
import { fairShare } from './thin.ts'

/** Series that the page lists; the filter box still answers at once. */
const MAX_SERIES = 60_000

/** A member by its number on the page, what was measured on it, and what of that panels draw. */
export interface IndexedMember {
  index: MemberIndex
  member: number
  cells: ChosenCell[]
}

/** How many points a series may have on the page. */
export interface Room {
  /** One that panels draw, and one that only the filter finds. */
  panels: number
  others: number
  /** Whether a series is on the page even if no panel draws it. */
  has(info: SeriesInfo): boolean
  /** Points that were measured. */
  all: number
  /** What was thinned and left out, a sentence; '' if nothing was. */
  reduced: string
}

/** What panels draw is what is looked at first: it may have so much of the room, which is more than its share. */
const PANELS_SHARE = 0.4
/** Points that a series has of each file at least: the least and the highest value, and the gap before the next file. */
const LEAST_OF_FILE = 3

/** @param points that all series together may have */
export function roomFor(indexes: IndexedMember[], points: number): Room {
  const all = indexes.flatMap(({ index }) => [...index.series.values()])
  const inPanels = indexes.flatMap(({ index, cells }) => {
    const keys = cells.flatMap(({ parts }) => parts.flatMap(part => part?.keys.slice(0, 1) ?? []))
    return keys.map(key => index.series.get(key)?.count ?? 0)
  })
  const panels = fairShare(inPanels, points * PANELS_SHARE)
  const left = points - inPanels.reduce((sum, count) => sum + Math.min(count, panels), 0)
  const files = Math.max(1, ...indexes.map(({ index }) => index.files.length))
  const kept = keptMetrics(all, Math.min(MAX_SERIES, left / (LEAST_OF_FILE * files)))
  const has = (info: SeriesInfo) => kept.has(groupOf(info))
  const others = fairShare(
    all.filter(has).map(({ count }) => count),
    left
  )
  const leftOut = all.filter(each => !has(each))
  return { panels, others, has, all: sum(all), reduced: describeReduced(all, leftOut, Math.min(panels, others)) }
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
function keptMetrics(all: SeriesInfo[], most: number): Set<string> {
  const groups = [...Map.groupBy(all, groupOf)].sort(([, a], [, b]) => a.length - b.length)
  const kept = new Set<string>()
  let room = most
  for (const [group, series] of groups) {
    if (series.length > room) break
    kept.add(group)
    room -= series.length
  }
  return kept
}
