/** All series of the run behind a filter box: a row each with a small picture, and those that are ticked on one axis of time. */
import type { SeriesRow } from '../report-data.ts'
import { linePath } from './axis.ts'
import type { Cursor } from './cursor.ts'
import { h, oncePerFrame, svg } from './dom.ts'
import { filterOf, type Named } from './filter.ts'
import type { Loaded } from './load.ts'
import { measured } from './panel-facts.ts'
import type { Line } from './plot-table.ts'
import type { TimeRange } from './range.ts'
import { reduce, statsWithin } from './reduce.ts'
import { type TimePlot, timePlot } from './time-plot.ts'
import { withUnit } from './units.ts'

/** Rows that are shown of those that match, and how many more each time. */
const ROWS = 40
/** More lines on one plot cannot be told apart. */
const MOST_LINES = 14
const COLOURS = ['--blue', '--orange', '--green', '--vermillion', '--purple', '--sky', '--grey']
const SPARK = { width: 150, height: 20 }

interface Levels {
  mean: number
  max: number
}

interface Init {
  loaded: Loaded
  range: TimeRange
  cursor: Cursor
}

export function seriesBox({ loaded, range, cursor }: Init): HTMLElement {
  const { data } = loaded
  const named = data.series.rows.map(row => nameOf(row, loaded))
  const ticked = new Set<number>()
  const work = measured(data)
  const stats = new Map<number, Levels>()
  const sorts = (['mean', 'max'] as const).map(key => [key, sortButton(key, () => sortBy(key))] as const)
  let sorted: keyof Levels | undefined
  const count = h('span', { class: 'count', role: 'status' })
  const input = h('input', {
    ...{
      type: 'search',
      class: 'filter',
      placeholder: 'metric:disk.* member:n1 -sda',
      'aria-label': 'Filter series',
      spellcheck: 'false'
    },
    oninput: oncePerFrame(() => list())
  })
  const plotFirst = h('button', { onclick: tickFirst }, `Plot the first ${MOST_LINES}`)
  const clear = h('button', { onclick: untick }, 'Clear')
  const plots = h('div', { class: 'plots' })
  const body = h('tbody')
  const more = h('button', { class: 'more', onclick: showMore })
  let matching: number[] = []
  let shown = 0
  let drawn: TimePlot[] = []

  /** Over the samples; thousands of series are gone through once, when they are sorted. */
  function levels(index: number): Levels {
    const known = stats.get(index) ?? statsWithin(loaded.points(index), work)
    stats.set(index, known)
    return known
  }
  function sortBy(key: keyof Levels): void {
    sorted = sorted === key ? undefined : key
    for (const [each, button] of sorts) button.setAttribute('aria-pressed', String(each === sorted))
    list()
  }
  function list(): void {
    const isWanted = filterOf(input.value)
    matching = named.flatMap((each, index) => (isWanted(each) ? [index] : []))
    const by = sorted
    if (by != null) matching.sort((a, b) => greatestFirst(levels(a)[by], levels(b)[by]))
    count.textContent = `${matching.length.toLocaleString('en')} of ${named.length.toLocaleString('en')} series`
    shown = 0
    body.replaceChildren()
    showMore()
  }
  function showMore(): void {
    const next = matching.slice(shown, shown + ROWS)
    body.append(...next.map(rowOf))
    shown += next.length
    more.hidden = shown >= matching.length
    more.textContent = `${Math.min(ROWS, matching.length - shown)} more`
  }
  function rowOf(index: number): HTMLElement {
    const { member, tool, metric, labels, unit } = named[index] as Named
    const points = loaded.points(index)
    const { mean, max } = levels(index)
    const box = h('input', {
      type: 'checkbox',
      checked: ticked.has(index),
      'aria-label': `plot ${metric} ${labels} of ${member}`,
      onchange: change
    })
    function change(): void {
      if (box.checked) ticked.add(index)
      else ticked.delete(index)
      draw()
    }
    const cells = [box, member, tool, metric, labels].map(cell => h('td', {}, cell))
    const numbers = [mean, max].map(value => h('td', { class: 'number' }, withUnit(value, unit)))
    return h('tr', { 'data-series': index }, ...cells, h('td', {}, spark(points)), ...numbers)
  }
  function spark(points: ReturnType<Loaded['points']>): SVGElement {
    const { width, height } = SPARK
    const { from, to } = range.whole
    const few = reduce(points, from, to, width)
    let [low, high] = [0, 0]
    for (const value of few.v) {
      if (value < low) low = value
      if (value > high) high = value
    }
    const frame = {
      left: 0,
      top: 2,
      width,
      height: height - 4,
      range: range.whole,
      low,
      high: high === low ? low + 1 : high
    }
    return svg(
      'svg',
      { width, height, 'aria-hidden': 'true' },
      svg('path', { class: 'line blue', d: linePath(frame, few) })
    )
  }
  function tickFirst(): void {
    ticked.clear()
    for (const index of matching.slice(0, MOST_LINES)) ticked.add(index)
    list()
    draw()
  }
  function untick(): void {
    ticked.clear()
    list()
    draw()
  }
  /** A plot for each unit. */
  function draw(): void {
    for (const plot of drawn) plot.destroy()
    const chosen = [...ticked]
    const byUnit = Map.groupBy(chosen, index => named[index]?.unit ?? '')
    drawn = [...byUnit].map(([unit, indices]) => {
      const shown = indices.slice(0, MOST_LINES)
      const labels = differences(shown.map(index => named[index] as Named))
      const lines = shown.map((index, place) => lineOf(index, place, labels[place] as string))
      const title = titleOf(shown.map(index => named[index] as Named))
      return timePlot({ title, unit, stacked: false, wide: true, lines, windows: data.windows, range, cursor })
    })
    plots.replaceChildren(...drawn.map(plot => plot.element))
    for (const plot of drawn) plot.resize()
  }
  function lineOf(index: number, place: number, label: string): Line {
    return {
      label,
      points: loaded.points(index),
      colour: COLOURS[place % COLOURS.length] as string,
      // the second round of colours is dashed
      dash: place < COLOURS.length ? undefined : [5, 3]
    }
  }
  new ResizeObserver(() => {
    for (const plot of drawn) plot.resize()
  }).observe(plots)
  const heads = ['', 'Member', 'Tool', 'Metric', 'Labels', 'Over the run'].map(text => h('th', { scope: 'col' }, text))
  const numbers = sorts.map(([, button]) => h('th', { scope: 'col', class: 'number' }, button))
  list()
  return h(
    'div',
    { class: 'series' },
    h('p', { class: 'controls' }, input, plotFirst, clear, count),
    h(
      'p',
      { class: 'note' },
      'Words in any order; * stands for anything; -word leaves out; member:, tool:, metric:, labels: and unit: look in one column. / moves here.'
    ),
    plots,
    h('div', { class: 'wide' }, h('table', {}, h('thead', {}, h('tr', {}, ...heads, ...numbers)), body), more)
  )
}

const sortButton = (key: keyof Levels, onclick: () => void) =>
  h(
    'button',
    { class: 'sort', 'aria-pressed': 'false', title: 'over the samples that count; the greatest first', onclick },
    key === 'mean' ? 'Mean' : 'Max'
  )

/** What has no value is last. */
function greatestFirst(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return b - a
}

/** @returns of each what is not the same in all; of one alone its member and labels */
export function differences(named: Named[]): string[] {
  const fields = (['member', 'metric', 'labels', 'tool'] as const).filter(
    field => new Set(named.map(each => each[field])).size > 1
  )
  const shown = fields.length === 0 ? (['member', 'labels'] as const) : fields
  return named.map(each =>
    shown
      .map(field => each[field])
      .filter(text => text !== '')
      .join(' ')
  )
}

const titleOf = (named: Named[]): string => {
  const metrics = [...new Set(named.map(({ metric }) => metric))]
  return metrics.length <= 3 ? metrics.join(', ') : `${metrics.length} metrics`
}

function nameOf([member, tool, metric, labels, unit]: SeriesRow, { data: { members, series } }: Loaded): Named {
  return {
    member: members[member]?.name ?? '',
    tool: series.tools[tool] ?? '',
    metric: series.metrics[metric] ?? '',
    labels: series.labels[labels] ?? '',
    unit: series.units[unit] ?? ''
  }
}
