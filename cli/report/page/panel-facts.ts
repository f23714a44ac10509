/** What the row of a resource says: the scale that all members share, and who is the busiest over the samples. */
import type { Panel, PanelCell, ReportData } from '../report-data.ts'
import type { Loaded } from './load.ts'
import type { Range } from './range.ts'
import { type Points, statsWithin, sumOf } from './reduce.ts'
import { niceAbove } from './ticks.ts'
import { scaleOf } from './units.ts'

/** Levels that differ by no more than that share are the same: who is first of them is chance. */
const ALIKE = 0.01

/** What of lines can be added: bytes and requests of reads and writes; of others the first is what members are ranked by. */
const ADDED = /^(B|bit|)\/s$/

export interface CellFacts {
  cell: PanelCell
  /** As `panel.parts`; undefined where the member has none. */
  parts: Array<Points | undefined>
  /** What the member is ranked by: the parts that `PanelFacts.levels` names, together. */
  level: Points
  /** Of the level, over the samples. */
  mean: number
  max: number
}

export interface PanelFacts {
  panel: Panel
  cells: CellFacts[]
  /** Indices of the parts that members are ranked by. */
  levels: number[]
  low: number
  high: number
  /** Nothing but zero, in the whole run and on all members. */
  isIdle: boolean
  /** Who has the greatest level, unless all have the same. */
  busiest?: CellFacts
}

/** @param folded whether the levels of the members are all that is drawn */
export function factsOf(panel: Panel, { points, data }: Loaded, folded = false): PanelFacts {
  const work = measured(data)
  const read = panel.cells.map(cell => ({
    cell,
    parts: cell.series.map(index => (index < 0 ? undefined : points(index)))
  }))
  const levels = levelsOf(
    panel,
    read.map(({ parts }) => parts)
  )
  const cells = read.map(each => {
    const level = sumOf(levels.flatMap(index => each.parts[index] ?? []))
    return { ...each, level, ...statsWithin(level, work) }
  })
  const ranked = cells.filter(each => Number.isFinite(each[panel.rank])).sort((a, b) => b[panel.rank] - a[panel.rank])
  const [first, last] = [ranked[0], ranked.at(-1)]
  const isAlike =
    first == null || last == null || first[panel.rank] - last[panel.rank] <= ALIKE * Math.abs(first[panel.rank])
  const all = extentOf(cells.flatMap(({ parts }) => parts))
  const drawn = panel.style === 'lines' && !folded ? all : extentOf(cells.map(({ level }) => level))
  return {
    ...{ panel, cells, levels, ...domainOf(panel, drawn) },
    isIdle: all.least === 0 && all.greatest === 0,
    busiest: isAlike ? undefined : first
  }
}

/** All of a stack, but that a processor which waits for a disk is not busy, and of lines that can be added; else the first that any member has more than nothing of. */
function levelsOf({ style, unit, parts }: Panel, cells: Array<Array<Points | undefined>>): number[] {
  const every = [...(cells[0] ?? parts).keys()].filter(index => parts[index] !== 'iowait')
  if (style !== 'lines' || ADDED.test(unit)) return every
  const used = every.find(index => cells.some(all => all[index]?.v.some(value => Math.abs(value) > 0)))
  return [used ?? 0]
}

/** When samples were taken, without warm-ups; all where there are only those. */
export function measured({ measured: known = [], windows }: Pick<ReportData, 'measured' | 'windows'>): Range[] {
  if (known.length > 0) return known
  const work = windows.filter(({ kind }) => kind === 'work')
  const good = work.filter(({ warmup }) => !warmup)
  return good.length > 0 ? good : work
}

interface Extent {
  least: number
  greatest: number
}

/** With zero in it. */
function extentOf(all: Array<Points | undefined>): Extent {
  let [least, greatest] = [0, 0]
  for (const points of all) {
    if (points == null) continue
    for (const value of points.v) {
      if (value < least) least = value
      if (value > greatest) greatest = value
    }
  }
  return { least, greatest }
}

function domainOf({ full, unit }: Panel, { least, greatest }: Extent): { low: number; high: number } {
  // round in the unit that is written: 16 GiB, not 15,000,000,000 bytes
  const { divisor } = scaleOf(Math.max(greatest, -least), unit)
  const nice = (value: number) => niceAbove(value / divisor) * divisor
  const high = full != null && greatest <= full * 1.01 ? full : greatest === 0 && least < 0 ? 0 : nice(greatest)
  return { low: least < 0 ? -nice(-least) : 0, high }
}
