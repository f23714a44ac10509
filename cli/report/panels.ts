/** The panels of a page, of the rows that were drawn for each member. Pure. */
import type { RunRecord } from '../../protocols/record.ts'
import type { Block } from './block.ts'
import { PANELS } from './panel-table.ts'
import type { DrawnCell } from './read-member.ts'
import type { Panel } from './report-data.ts'
import { clockPoints } from './tables.ts'

/** @param drawn by member; @returns those of which anything was measured, in the order in which they are drawn */
export function panelsOf(drawn: Map<number, DrawnCell[]>): Panel[] {
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
export function clockPanel(record: RunRecord, begun: number, block: Block): Panel[] {
  const cells = clockPoints(record).map(({ member, t, v }) => {
    const axis = block.addAxis(Float64Array.from(t, each => (each - begun) / 1000))
    const about = { member, tool: 'bak', metric: 'clock.offset', labels: '', unit: 'ms', axis }
    return { member, series: [block.addSeries({ ...about, values: Float64Array.from(v), measured: v.length })] }
  })
  if (cells.length === 0) return []
  const about = { id: 'clock', title: 'clock ahead of the controller', unit: 'ms', first: false } as const
  return [{ ...about, style: 'lines', parts: ['ahead'], rank: 'max', cells }]
}
