/** The processors of a member as rows over time, the fuller the darker, in seven steps. */
import type { Window } from '../report-data.ts'
import type { Cursor } from './cursor.ts'
import { colourOf, h, plotFigure } from './dom.ts'
import type { TimeRange } from './range.ts'
import { type Points, valueAt } from './reduce.ts'
import { meansOf } from './spread.ts'
import { onTheme } from './theme.ts'
import { timeTicks } from './ticks.ts'
import type { TimePlot } from './time-plot.ts'
import { clock, plain, withUnit } from './units.ts'

const HEAT_STEPS = 7
const MARKS = 66
const RIGHT = 14
const TOP = 10
const AXIS = 22
/** All rows together, px: as high as a plot, more only if rows would be too thin. */
const LEAST_HEIGHT = 140
const LEAST_ROW = 3
/** Of two ranges of time that are drawn, px apart. */
const BIN = 2

interface HeatInit {
  title: string
  unit: string
  full: number
  rows: Array<{ name: string; points: Points }>
  windows: Window[]
  range: TimeRange
  cursor: Cursor
}

export function heatMap({ title, unit, full, rows, windows, range, cursor }: HeatInit): TimePlot {
  const canvas = h('canvas', { role: 'img', 'aria-label': `${title}, ${rows.length} rows over time` })
  const seen = h('span', { class: 'soft' })
  const body = h('div', { class: 'canvas' }, canvas)
  const element = plotFigure({ title, wide: true }, body, seen, legend(full, unit))
  const height = Math.max(LEAST_HEIGHT, LEAST_ROW * rows.length)
  const gone = new AbortController()
  let width = 0
  let selected: { from: number; to: number } | undefined
  const left = (time: number) => MARKS + ((time - range.shown.from) / (range.shown.to - range.shown.from)) * plotWidth()
  const timeAt = (x: number) => {
    const share = Math.max(0, Math.min(1, (x - MARKS) / plotWidth()))
    return range.shown.from + share * (range.shown.to - range.shown.from)
  }
  const plotWidth = () => Math.max(1, width - MARKS - RIGHT)

  function draw(): void {
    if (width === 0) return
    const ratio = devicePixelRatio
    canvas.width = width * ratio
    canvas.height = (TOP + height + AXIS) * ratio
    canvas.style.width = `${width}px`
    canvas.style.height = `${TOP + height + AXIS}px`
    const context = canvas.getContext('2d') as CanvasRenderingContext2D
    context.scale(ratio, ratio)
    drawRows(context)
    drawMarks(context)
    if (selected == null) return
    context.globalAlpha = 0.2
    context.fillStyle = colourOf('--ink')
    context.fillRect(left(selected.from), TOP, left(selected.to) - left(selected.from), height)
  }

  function drawRows(context: CanvasRenderingContext2D): void {
    const colours = Array.from({ length: HEAT_STEPS }, (_, step) => colourOf(`--heat-${step}`))
    const { from, to } = range.shown
    const row = height / rows.length
    for (const [index, { points }] of rows.entries()) {
      const bins = Math.max(1, Math.floor(plotWidth() / BIN))
      const means = meansOf(points, from, to, bins)
      const y = TOP + index * row
      // equal neighbours are one rectangle
      for (let bin = 0; bin < bins; ) {
        const step = stepOf(means[bin] as number, full)
        const first = bin
        while (bin < bins && stepOf(means[bin] as number, full) === step) bin++
        if (step == null) continue
        context.fillStyle = colours[step] as string
        const [x0, x1] = [MARKS + (first * plotWidth()) / bins, MARKS + (bin * plotWidth()) / bins]
        context.fillRect(x0, y, x1 - x0 + 0.3, row > 5 ? row - 1 : row + 0.3)
      }
    }
  }

  function drawMarks(context: CanvasRenderingContext2D): void {
    context.font = '11px system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif'
    context.fillStyle = colourOf('--soft')
    context.textBaseline = 'middle'
    context.textAlign = 'right'
    const row = height / rows.length
    const each = Math.max(1, Math.ceil(13 / row))
    for (const [index, { name }] of rows.entries()) {
      if (index % each === 0) context.fillText(name.slice(0, 7), MARKS - 5, TOP + (index + 0.5) * row)
    }
    context.textAlign = 'center'
    context.textBaseline = 'top'
    for (const time of timeTicks(range.shown.from, range.shown.to, Math.max(2, Math.floor(width / 90)))) {
      context.fillText(clock(time), left(time), TOP + height + 6)
    }
    context.fillStyle = colourOf('--phase-work')
    for (const { kind, from, to } of windows) {
      const [x0, x1] = [Math.max(MARKS, left(from)), Math.min(width - RIGHT, left(to))]
      if (kind === 'work' && x1 > x0) context.fillRect(x0, TOP + height + 1, x1 - x0, 3)
    }
  }

  function point(event: PointerEvent): void {
    const box = canvas.getBoundingClientRect()
    const time = timeAt(event.clientX - box.left)
    const index = Math.floor(((event.clientY - box.top - TOP) / height) * rows.length)
    const row = rows[index]
    const reach = Math.max(5, (range.shown.to - range.shown.from) / 100)
    seen.textContent =
      row == null
        ? ''
        : ` ${row.name}: ${withUnit(valueAt(row.points, time, reach), unit)} at ${clock(Math.round(time))}`
    cursor.point(time)
    if (selected != null) {
      selected.to = time
      draw()
    }
  }
  canvas.addEventListener('pointermove', point)
  canvas.addEventListener('pointerleave', () => {
    seen.textContent = ''
    cursor.point(undefined)
  })
  canvas.addEventListener('pointerdown', event => {
    if (event.button !== 0) return
    canvas.setPointerCapture(event.pointerId)
    const time = timeAt(event.clientX - canvas.getBoundingClientRect().left)
    selected = { from: time, to: time }
  })
  canvas.addEventListener('pointerup', () => {
    const chosen = selected
    selected = undefined
    if (chosen != null && Math.abs(left(chosen.to) - left(chosen.from)) > 3) range.show(chosen)
    else draw()
  })
  canvas.addEventListener('pointercancel', () => {
    selected = undefined
    draw()
  })
  canvas.addEventListener('dblclick', () => range.reset())
  range.onChange(draw, gone.signal)
  onTheme(draw, gone.signal)
  return {
    element,
    resize() {
      if (body.clientWidth === 0 || body.clientWidth === width) return
      width = body.clientWidth
      draw()
    },
    destroy() {
      gone.abort()
      element.remove()
    }
  }
}

/** @returns which of the steps; undefined in a gap */
function stepOf(value: number, full: number): number | undefined {
  if (Number.isNaN(value)) return undefined
  return Math.max(0, Math.min(HEAT_STEPS - 1, Math.floor((value / full) * HEAT_STEPS)))
}

function legend(full: number, unit: string): HTMLElement {
  const steps = Array.from({ length: HEAT_STEPS }, (_, step) => h('i', { class: `key heat-${step}` }))
  return h('span', { class: 'keys heat' }, '0 ', ...steps, ` ${plain(full)} ${unit}`)
}
