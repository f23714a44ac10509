/** The page of a comparison: the answer, the samples of each metric side by side, then the resources of all samples over each other. */
import 'uplot/dist/uPlot.min.css'
import './page.css'
import './compare.css'
import './tasks/tasks.css'
import type { CompareCurves, CompareData, CompareFlame, ComparePanel } from '../compare-data.ts'
import { compareTable } from './compare-table.ts'
import { Cursor } from './cursor.ts'
import { h } from './dom.ts'
import { flame } from './flame.ts'
import { differenceOf } from './flame-tree.ts'
import { type Loaded, openBlock, textOf, unpack } from './load.ts'
import { onPrint } from './print.ts'
import { TimeRange } from './range.ts'
import { fold, tables } from './tables.ts'
import { type CurvePlot, curvePlot } from './tasks/curve-plot.ts'
import { themeButton } from './theme.ts'
import { type TimePlot, timePlot } from './time-plot.ts'

/** Of the groups, in their order; the baseline first. */
const COLOURS = ['--blue', '--orange', '--green', '--purple', '--sky', '--vermillion', '--grey']
const colourOf = (group: number): string => COLOURS[group % COLOURS.length] as string

const page = document.getElementById('page') as HTMLElement
load()
  .catch((cause: Error) => {
    page.replaceChildren(h('p', { class: 'empty' }, `This comparison cannot be drawn: ${cause.message}`))
  })
  .finally(() => {
    document.documentElement.dataset.drawn = 'yes'
  })

async function load(): Promise<void> {
  const data = JSON.parse(textOf('data')) as CompareData
  show(data, openBlock(data, await unpack(textOf('block'))))
}

function show(data: CompareData, loaded: Loaded): void {
  page.replaceChildren(
    head(data),
    themeButton(),
    compareTable(data),
    ...tables(data.tables.slice(0, 1)),
    ...(data.curves.length === 0 ? [] : [curvesOf(data, loaded)]),
    ...(data.panels.length === 0 ? [] : [plotsOf(data, loaded)]),
    ...(data.flames.length === 0 ? [] : [flamesOf(data.flames, loaded)]),
    ...tables(data.tables.slice(1))
  )
}

/** What was not alike, the verdicts, who was compared. */
function head({ first, answer, gates, groups, notes }: CompareData): HTMLElement {
  const list = (name: string, lines: string[]) =>
    lines.length > 0 && h('ul', { class: name }, ...lines.map(line => h('li', {}, line)))
  return h(
    'header',
    { class: 'head' },
    list('unlike', first),
    h('h1', { class: 'answer' }, ...answer.map(line => h('span', { class: `said ${levelOf(line)}` }, line))),
    list('gates', gates),
    h(
      'ul',
      { class: 'groups' },
      ...groups.map(({ text }, group) => h('li', {}, h('i', { class: `key ${colourOf(group).slice(2)}` }), text))
    ),
    list('notes', notes)
  )
}

/** The word says it, the colour says it once more. */
function levelOf(line: string): string {
  if (line.startsWith('worse:')) return 'bad'
  return line.startsWith('better:') ? 'good' : ''
}

/** Latency of each task by percentile, the groups over each other. */
function curvesOf({ curves, groups }: CompareData, loaded: Loaded): HTMLElement {
  return fold(
    'Latency by percentile',
    `${curves.length} ${curves.length === 1 ? 'task' : 'tasks'}`,
    () => {
      const plots = curves.map(each => curvesPlot(each, groups, loaded))
      const grid = h('div', { class: 'plots by-percentile' }, ...plots.map(({ element }) => element))
      const draw = () => {
        for (const plot of plots) plot.resize()
      }
      new ResizeObserver(draw).observe(grid)
      onPrint(draw)
      const note = 'All samples of a group together; its samples are faint, the service time is dashed.'
      return [h('p', { class: 'note' }, note), grid]
    },
    true
  )
}

function curvesPlot({ title, lines }: CompareCurves, groups: CompareData['groups'], loaded: Loaded): CurvePlot {
  return curvePlot({
    title: `latency of ${title}`,
    lines: lines.map(({ group, kind, curve, max }) => ({
      ...{ label: `${groups[group]?.label}${kind === 'service' ? ' service' : ''}`, colour: colourOf(group) },
      ...{ isFaint: kind === 'sample', isDashed: kind === 'service' },
      ...{ values: loaded.values(curve), end: curve.end, max }
    }))
  })
}

/** All plots have one range of time, which begins with the tools of each sample. */
function plotsOf({ panels, morePanels }: CompareData, loaded: Loaded): HTMLElement {
  const ends = panels.flatMap(({ lines }) => lines.map(({ series }) => loaded.points(series).t.at(-1) ?? 0))
  const range = new TimeRange({ from: 0, to: Math.max(...ends, 1) })
  const cursor = new Cursor()
  return fold(
    'Resources, samples over each other',
    `${panels.length} plots, the largest effect first${morePanels > 0 ? `; ${morePanels} more in the table` : ''}`,
    () => {
      const plots = panels.map(panel => plotOf(panel, { loaded, range, cursor }))
      const grid = h('div', { class: 'plots overlaid' }, ...plots.map(({ element }) => element))
      const draw = () => {
        for (const plot of plots) plot.resize()
      }
      new ResizeObserver(draw).observe(grid)
      onPrint(draw)
      return [
        h(
          'p',
          { class: 'note' },
          'Times are seconds since the tools of each sample began. Drag to zoom, double click back.'
        ),
        grid
      ]
    },
    true
  )
}

function plotOf(
  panel: ComparePanel,
  { loaded, range, cursor }: { loaded: Loaded; range: TimeRange; cursor: Cursor }
): TimePlot {
  const lines = panel.lines.map(({ group, label, series }) => ({
    label,
    colour: colourOf(group),
    points: loaded.points(series)
  }))
  return timePlot({
    ...{ title: `${panel.title}, ${panel.member}`, note: panel.note, unit: panel.unit, full: panel.full },
    ...{ lines, stacked: false, windows: [], range, cursor }
  })
}

/** The differential flame graphs, one at a time. */
function flamesOf(flames: CompareFlame[], loaded: Loaded): HTMLElement {
  return fold(
    'Flame graphs of the difference',
    `${flames.length} ${flames.length === 1 ? 'profile' : 'profiles'}`,
    () => {
      const select = h(
        'select',
        { onchange: () => draw(Number(select.value)) },
        ...flames.map(({ member, title }, index) => h('option', { value: index }, `${member}: ${title}`))
      )
      const place = h('div')
      let resize = () => {}
      function draw(index: number): void {
        const profile = flames[index]
        if (profile == null) return
        const root = differenceOf(loaded.text(profile.before), loaded.text(profile.now))
        const shown = flame({ root, unit: profile.unit, isDifference: true })
        place.replaceChildren(shown.element)
        resize = shown.resize
        resize()
      }
      new ResizeObserver(() => resize()).observe(place)
      draw(0)
      return [h('p', { class: 'controls' }, h('label', {}, 'Profile ', select)), place]
    }
  )
}
