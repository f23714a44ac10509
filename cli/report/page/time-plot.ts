/** A large plot of some series over time, zoomed with all others. */
import uPlot from 'uplot'
import type { Window } from '../report-data.ts'
import type { Cursor } from './cursor.ts'
import { colourOf, h, plotFigure } from './dom.ts'
import { type Line, type PlotTable, tableOf } from './plot-table.ts'
import type { Range, TimeRange } from './range.ts'
import { decadeMarks, valueScale } from './tasks/curve-axis.ts'
import { onTheme } from './theme.ts'
import { niceAbove, timeTicks, valueTicks } from './ticks.ts'
import { clock, plain, scaleOf, withUnit } from './units.ts'

const HEIGHT = 168
const FONT = '11px system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif'
/** Left of the plot, for the marks of the values, px. */
const MARKS = 66
const MARK_LETTERS = 11
/** Of an axis by decades, at most. */
const DECADE_MARKS = 6

export interface PlotInit {
  title: string
  note?: string
  unit: string
  lines: Line[]
  stacked: boolean
  /** As wide as the page. */
  wide?: boolean
  full?: number
  windows: Window[]
  /** Times that are marked by a line, s. */
  marks?: number[]
  /** Values by decades, where the greatest of them would hide the others. */
  byDecades?: boolean
  range: TimeRange
  cursor: Cursor
}

export interface TimePlot {
  element: HTMLElement
  /** Draws into the width that the element has now. */
  resize(): void
  destroy(): void
}

export function timePlot(init: PlotInit): TimePlot {
  const { unit, lines, stacked, range, cursor } = init
  const table = tableOf(lines, stacked)
  const values = lines.map(() => h('span', { class: 'value' }))
  const keys = lines.map((line, index) =>
    keyOf(line, values[index] as HTMLElement, stacked ? undefined : () => toggle(index))
  )
  const body = h('div', { class: 'canvas' })
  const element = plotFigure(init, body, h('span', { class: 'keys' }, ...keys))
  let plot: uPlot | undefined
  const gone = new AbortController()

  function make(width: number): void {
    plot = new uPlot(options(init, width, table), table.data, body)
    plot.over.addEventListener('mouseleave', () => cursor.point(undefined))
  }
  function toggle(index: number): boolean {
    const shown = !(plot?.series[index + 1]?.show ?? true)
    plot?.setSeries(index + 1, { show: shown })
    return shown
  }
  function follow(time: number | undefined): void {
    if (plot == null) return
    const left = time == null ? -10 : plot.valToPos(time, 'x')
    if (plot.cursor.left !== left) plot.setCursor({ left, top: -10 }, false)
    const index = time == null ? -1 : plot.posToIdx(left)
    for (const [row, value] of values.entries()) {
      const number = index < 0 ? undefined : table.valueAt(row, index)
      value.textContent = number == null ? '' : ` ${withUnit(number, unit)}`
    }
  }
  cursor.onMove(follow, gone.signal)
  range.onChange(({ from, to }) => plot?.setScale('x', { min: from, max: to }), gone.signal)
  onTheme(() => plot?.redraw(false), gone.signal)
  return {
    element,
    resize() {
      const width = body.clientWidth
      if (width === 0) return
      if (plot == null) make(width)
      else if (plot.width !== width) plot.setSize({ width, height: HEIGHT })
    },
    destroy() {
      gone.abort()
      plot?.destroy()
      plot = undefined
      element.remove()
    }
  }
}

/** The name of a line; where lines can be hidden, a button. */
function keyOf({ label, colour, dash }: Line, value: HTMLElement, toggle?: () => boolean): HTMLElement {
  const mark = h('i', { class: `key ${colour.slice(2)} ${dash == null ? '' : 'line-mark dashed'}` })
  if (toggle == null) return h('span', {}, mark, label, value)
  const button = h(
    'button',
    { class: 'line-key', 'aria-pressed': 'true', title: 'hide or show', onclick: change },
    mark,
    label,
    value
  )
  function change(): void {
    button.setAttribute('aria-pressed', String(toggle?.()))
  }
  return button
}

function options(init: PlotInit, width: number, table: PlotTable): uPlot.Options {
  const { unit, lines, stacked, full, windows, marks = [], byDecades = false, range, cursor } = init
  const axis: uPlot.Axis = {
    font: FONT,
    stroke: () => colourOf('--soft'),
    grid: { stroke: () => colourOf('--hairline'), width: 1 },
    ticks: { show: false }
  }
  return {
    ...{ width, height: HEIGHT, padding: [10, 14, 0, 0], legend: { show: false } },
    pxAlign: 1,
    scales: {
      x: { time: false, range: () => [range.shown.from, range.shown.to] },
      y: byDecades
        ? { distr: 3, range: (_, low, high) => decadesOf(low, high) }
        : { range: (_, low, high) => domainOf(low, high, full, unit) }
    },
    axes: [
      {
        ...{ ...axis, size: 24, gap: 7 },
        splits: (_, __, from, to) => timeTicks(from, to, Math.max(2, Math.floor(width / 90))),
        values: (_, splits) => splits.map(clock)
      },
      {
        ...{ ...axis, size: MARKS, gap: 4 },
        splits: (_, __, low, high) => (byDecades ? decadeMarks(low, high, DECADE_MARKS) : marksOf(low, high, unit)),
        // of decades uPlot would leave out marks by itself
        filter: (_, splits) => splits,
        values: (u, splits) => inUnit(splits, u.scales.y?.max ?? 1, unit)
      }
    ],
    series: [
      {},
      ...lines.map(
        ({ label, colour, dash }, index): uPlot.Series => ({
          ...{ label, spanGaps: false, dash },
          width: stacked ? 0 : 1.2,
          stroke: () => colourOf(colour),
          fill: stacked ? () => colourOf(colour) : undefined,
          points: stacked ? { show: false } : pointsOf(table.alone(index), colour)
        })
      )
    ],
    // of a stack each is filled down to the one below it
    bands: stacked ? lines.slice(1).map((_, index) => ({ series: [index + 2, index + 1] as uPlot.Band.Bounds })) : [],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
      y: false,
      bind: {
        dblclick: () => () => {
          range.reset()
          return null
        }
      }
    },
    hooks: {
      drawClear: [u => shadeCanvas(u, windows), u => markCanvas(u, marks)],
      setSelect: [u => select(u, range)],
      setCursor: [
        u => {
          // moved by the pointer over this plot, not by another plot
          if (u.cursor.event == null || (u.cursor.left ?? -1) < 0) return
          cursor.point(u.posToVal(u.cursor.left as number, 'x'))
        }
      ]
    }
  }
}

/** Only of what no line leads to. */
function pointsOf(alone: number[], colour: string): uPlot.Series.Points {
  if (alone.length === 0) return { show: false }
  return {
    show: true,
    filter: () => alone,
    size: 3,
    width: 0,
    fill: () => colourOf(colour),
    stroke: () => colourOf(colour)
  }
}

function select(u: uPlot, range: TimeRange): void {
  const { left, width } = u.select
  if (width < 3) return
  const chosen: Range = { from: u.posToVal(left, 'x'), to: u.posToVal(left + width, 'x') }
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  range.show(chosen)
}

function domainOf(low: number | null, high: number | null, full: number | undefined, unit: string): [number, number] {
  const [least, greatest] = [Math.min(0, low ?? 0), Math.max(0, high ?? 0)]
  if (full != null && least === 0 && greatest <= full * 1.01) return [0, full]
  if (least === 0 && greatest === 0) return [0, 1]
  const { divisor } = scaleOf(Math.max(greatest, -least), unit)
  const nice = (value: number) => (value === 0 ? 0 : niceAbove(value / divisor) * divisor)
  return [-nice(-least), nice(greatest)]
}

/** What is 0 has no place on it, and is left out. */
function decadesOf(low: number | null, high: number | null): [number, number] {
  const scale = valueScale(low ?? 1, high ?? 1, true, DECADE_MARKS)
  return [scale.low, scale.high]
}

function marksOf(low: number, high: number, unit: string): number[] {
  const { divisor } = scaleOf(Math.max(high, -low), unit)
  return valueTicks(low / divisor, high / divisor, 4).map(mark => mark * divisor)
}

/** The topmost mark has the unit. */
function inUnit(marks: number[], high: number, unit: string): string[] {
  const scale = scaleOf(Math.max(high, -(marks[0] ?? 0)), unit)
  return marks.map((mark, index) => {
    const text = plain(mark / scale.divisor)
    const whole = `${text} ${scale.unit}`
    // what has no room is in the title
    return index === marks.length - 1 && scale.unit !== '' && whole.length <= MARK_LETTERS ? whole : text
  })
}

function shadeCanvas(u: uPlot, windows: Window[]): void {
  const { ctx, bbox } = u
  ctx.save()
  for (const { kind, warmup, from, to } of windows) {
    const left = Math.max(bbox.left, u.valToPos(from, 'x', true))
    const right = Math.min(bbox.left + bbox.width, u.valToPos(to, 'x', true))
    if (!(right > left)) continue
    ctx.fillStyle = colourOf(kind === 'period' ? '--period' : warmup ? '--shade-light' : '--shade')
    ctx.fillRect(left, bbox.top, right - left, kind === 'period' ? 2 * devicePixelRatio : bbox.height)
  }
  ctx.restore()
}

/** Where everybody waited for the others. */
function markCanvas(u: uPlot, marks: number[]): void {
  const { ctx, bbox } = u
  ctx.save()
  ctx.strokeStyle = colourOf('--period')
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
  for (const mark of marks) {
    const x = Math.round(u.valToPos(mark, 'x', true)) + 0.5
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}
