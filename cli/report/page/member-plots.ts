/** The plots of one member, or of the members that are chosen, one after the other: all that a performance engineer looks at first. */
import type { Panel, PanelCell } from '../report-data.ts'
import { coloursOf } from './colours.ts'
import type { Cursor } from './cursor.ts'
import { h } from './dom.ts'
import { heatMap } from './heat.ts'
import type { Loaded } from './load.ts'
import type { TimeRange } from './range.ts'
import { type TimePlot, timePlot } from './time-plot.ts'

interface Init {
  loaded: Loaded
  range: TimeRange
  cursor: Cursor
  /** The member that is shown first. */
  first: number
}

export interface MemberPlots {
  element: HTMLElement
  show(member: number): void
}

export function memberPlots({ loaded, range, cursor, first }: Init): MemberPlots {
  const { data } = loaded
  const select = h(
    'select',
    { onchange: () => show(Number(select.value)) },
    ...data.members.map(({ name }, index) => h('option', { value: index }, name))
  )
  const about = h('span', { class: 'soft' })
  const grid = h('div', { class: 'plots' })
  let plots: TimePlot[] = []
  const element = h('div', {}, h('p', { class: 'controls' }, h('label', {}, 'Member ', select), ' ', about), grid)

  function show(member: number): void {
    select.value = String(member)
    about.textContent = data.members[member]?.about ?? ''
    for (const plot of plots) plot.destroy()
    plots = data.panels.flatMap(panel => {
      const cell = panel.cells.find(each => each.member === member)
      return cell == null ? [] : [plotOf(panel, cell)]
    })
    grid.replaceChildren(
      ...(plots.length === 0
        ? [h('p', { class: 'empty' }, 'No series of this member.')]
        : plots.map(plot => plot.element))
    )
    for (const plot of plots) plot.resize()
  }
  function plotOf(panel: Panel, { series, names = [], note }: PanelCell): TimePlot {
    const common = { title: panel.title, unit: panel.unit, windows: data.windows, range, cursor }
    if (panel.style === 'heat') {
      const rows = series.map((index, row) => ({ name: names[row] ?? String(row), points: loaded.points(index) }))
      return heatMap({ ...common, full: panel.full ?? 100, rows })
    }
    const colours = coloursOf(panel.parts)
    const lines = series.flatMap((index, part) => {
      const [label = '', colour = '--blue'] = [panel.parts[part], colours[part]]
      return index < 0 ? [] : [{ label, colour, points: loaded.points(index) }]
    })
    return timePlot({ ...common, note, lines, stacked: panel.style === 'stack', full: panel.full })
  }
  new ResizeObserver(() => {
    for (const plot of plots) plot.resize()
  }).observe(grid)
  show(first)
  return { element, show }
}
