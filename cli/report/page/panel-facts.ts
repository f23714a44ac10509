/** What the row of a resource says: the scale that all members share, and who is the busiest while the run works. */
import type { Panel, PanelCell, Window } from '../report-data.ts'
import type { Loaded } from './load.ts'
import { type Points, statsWithin, sumOf } from './reduce.ts'
import { niceAbove } from './ticks.ts'
import { scaleOf } from './units.ts'

/** Levels that differ by no more than that share are the same: who is first of them is chance. */
const ALIKE = 0.01

export interface CellFacts {
  cell: PanelCell
  /** As `panel.parts`; undefined where the member has none. */
  parts: Array<Points | undefined>
  /** What the member is ranked by: the sum of a stack, the first of lines. */
  level: Points
  /** Over the work windows. */
  mean: number
  max: number
}

export interface PanelFacts {
  panel: Panel
  cells: CellFacts[]
  low: number
  high: number
  /** Nothing but zero, in the whole run and on all members. */
  isIdle: boolean
  /** Who has the greatest level, unless all have the same. */
  busiest?: CellFacts
}

export function factsOf(panel: Panel, { points, data }: Loaded): PanelFacts {
  const work = measured(data.windows)
  const cells = panel.cells.map(cell => {
    const parts = cell.series.map(index => (index < 0 ? undefined : points(index)))
    const there = parts.filter(each => each != null)
    const level = panel.style === 'lines' ? (there[0] ?? sumOf([])) : sumOf(there)
    return { cell, parts, level, ...statsWithin(level, work) }
  })
  const ranked = cells.filter(each => Number.isFinite(each[panel.rank]))
  const [last] = ranked.sort((a, b) => b[panel.rank] - a[panel.rank]).slice(-1)
  const [first] = ranked
  const isAlike =
    first == null || last == null || first[panel.rank] - last[panel.rank] <= ALIKE * Math.abs(first[panel.rank])
  return { panel, cells, ...domainOf(panel, cells), busiest: isAlike ? undefined : first }
}

/** Windows in which samples were taken, without warm-ups; all where there are only those. */
export function measured(windows: Window[]): Window[] {
  const work = windows.filter(({ kind }) => kind === 'work')
  const good = work.filter(({ warmup }) => !warmup)
  return good.length > 0 ? good : work
}

function domainOf({ style, full, unit }: Panel, cells: CellFacts[]): Pick<PanelFacts, 'low' | 'high' | 'isIdle'> {
  const drawn = cells.flatMap(({ level, parts }) => (style === 'lines' ? parts.filter(each => each != null) : [level]))
  let [least, greatest] = [0, 0]
  for (const { v } of drawn) {
    for (const value of v) {
      if (value < least) least = value
      if (value > greatest) greatest = value
    }
  }
  // round in the unit that is written: 16 GiB, not 15,000,000,000 bytes
  const { divisor } = scaleOf(Math.max(greatest, -least), unit)
  const nice = (value: number) => niceAbove(value / divisor) * divisor
  const high = full != null && greatest <= full * 1.01 ? full : greatest === 0 && least < 0 ? 0 : nice(greatest)
  return { low: least < 0 ? -nice(-least) : 0, high, isIdle: least === 0 && greatest === 0 }
}
