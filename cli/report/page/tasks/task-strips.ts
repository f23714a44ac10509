/** Throughput and latency of all tasks over the time of the run, below the phases and as wide: what the load did while the machines did what is below. */
import type { TaskData, TasksData } from '../../tasks/tasks-data.ts'
import { type Frame, linePath, shade, xOf } from '../axis.ts'
import { addBrush } from '../brush.ts'
import { type Columns, clip, widthOf } from '../columns.ts'
import type { Cursor } from '../cursor.ts'
import { cursorLine, timeAt } from '../cursor-line.ts'
import { svg } from '../dom.ts'
import type { Loaded } from '../load.ts'
import type { TimeRange } from '../range.ts'
import { type Points, reduce } from '../reduce.ts'
import { plain, scaleOf } from '../units.ts'
import { isWide, valueScale } from './curve-axis.ts'
import { colourOf, joinPoints, taskWindows } from './task-words.ts'

const ROW = 40
const GAP = 8
const TOP = 6
/** Units of throughput that have a row each; further ones are in the plots below. */
const MOST_UNITS = 2
/** Tasks that can be told from each other. */
const MOST_TASKS = 7
/** Width of a letter, px, about. */
const LETTER = 6.4

interface Strips {
  loaded: Loaded
  tasks: TasksData
  range: TimeRange
  columns: Columns
  total: number
  cursor: Cursor
  /** Aborts when it is drawn anew. */
  signal: AbortSignal
}

interface Row {
  title: string
  unit: string
  lines: Array<{ points: Points; colour: string }>
  byDecades: boolean
}

export function taskStrips({ loaded, tasks, range, columns, total, cursor, signal }: Strips): SVGSVGElement {
  const rows = rowsOf(tasks, loaded)
  const height = TOP + rows.length * (ROW + GAP)
  const [left, width] = [columns.gutter + columns.gap, widthOf(columns)]
  const surface = svg('svg', { class: 'task-strips', width: total, height, role: 'img', 'aria-label': inWords(rows) })
  const area = svg('svg', { x: left, y: 0, width, height })
  const windows = taskWindows(tasks)
  const marks = joinPoints(tasks.elements)
  for (const [i, row] of rows.entries()) {
    const top = TOP + i * (ROW + GAP)
    const frame = { left: 0, top, width, height: ROW, range: range.shown }
    const { drawn, low, high } = drawRow(row, frame)
    area.append(shade({ ...frame, low: 0, high: 1 }, windows), ...drawn)
    surface.append(...words(row, { top, gutter: columns.gutter, low, high }))
  }
  const frame: Frame = {
    left: 0,
    top: TOP,
    width,
    height: height - GAP - TOP,
    range: range.shown,
    low: 0,
    high: 1
  }
  for (const mark of marks) {
    const x = xOf(frame, mark).toFixed(1)
    area.append(svg('line', { class: 'join-point', x1: x, x2: x, y1: TOP, y2: height - GAP }))
  }
  area.append(cursorLine(cursor, frame, signal))
  surface.append(area)
  surface.addEventListener('pointermove', event => cursor.point(timeAt(event, surface, { ...frame, left })))
  surface.addEventListener('pointerleave', () => cursor.point(undefined))
  addBrush({ surface, range, plot: () => ({ left, width }) })
  return surface
}

function rowsOf({ tasks }: TasksData, loaded: Loaded): Row[] {
  const shown = tasks.slice(0, MOST_TASKS).map((task, place) => ({ task, colour: colourOf(place) }))
  const lines = (of: typeof shown, key: keyof TaskData['series']) =>
    of.flatMap(({ task, colour }) => {
      const points = loaded.points(task.series[key])
      return points.t.length === 0 ? [] : [{ points, colour }]
    })
  const byUnit = [...Map.groupBy(shown, ({ task }) => task.unit)].slice(0, MOST_UNITS)
  const throughput = byUnit.map(
    ([unit, of]): Row => ({
      ...{ title: 'Throughput', unit: `${unit}/s`, lines: lines(of, 'throughput'), byDecades: false }
    })
  )
  const latency = lines(shown, 'p99')
  const values = latency.flatMap(({ points }) => [...points.v].filter(value => value > 0)).sort((a, b) => a - b)
  const byDecades = isWide(values[values.length >> 1] ?? 0, values.at(-1) ?? 0)
  return [...throughput, { title: 'Latency p99', unit: 'ms', lines: latency, byDecades }].filter(
    row => row.lines.length > 0
  )
}

function drawRow({ lines, byDecades, unit }: Row, frame: Omit<Frame, 'low' | 'high'>) {
  let [least, greatest] = [Infinity, 0]
  for (const { points } of lines)
    for (const value of points.v) {
      if (value > greatest) greatest = value
      if (value > 0 && value < least) least = value
    }
  const { divisor } = scaleOf(greatest, unit)
  const scale = valueScale(least / divisor, greatest / divisor, byDecades, 3)
  const placed = { ...frame, low: 0, high: 1 }
  const drawn = lines.map(({ points, colour }) => {
    const { t, v } = reduce(points, frame.range.from, frame.range.to, Math.round(frame.width / 2))
    const places = v.map(value => scale.placeOf(value / divisor))
    return svg('path', { class: `line ${colour.slice(2)}`, d: linePath(placed, { t, v: places }) })
  })
  const { top, width, height } = frame
  const base = svg('line', { class: 'base', x1: 0, x2: width, y1: top + height - 0.5, y2: top + height - 0.5 })
  return { drawn: [...drawn, base], low: scale.low * divisor, high: scale.high * divisor }
}

function words(
  { title, unit, byDecades }: Row,
  { top, gutter, low, high }: { top: number; gutter: number; low: number; high: number }
): SVGElement[] {
  const scale = scaleOf(high, unit)
  const mark = (text: string, y: number) => svg('text', { x: gutter, y, 'text-anchor': 'end' }, text)
  const room = gutter - LETTER * Math.max(plain(high / scale.divisor).length, plain(low / scale.divisor).length) - 8
  return [
    svg('text', { class: 'name', x: 0, y: top + 11 }, clip(title, room)),
    svg('text', { x: 0, y: top + 25 }, clip(`${scale.unit}${byDecades ? ', by decades' : ''}`, room)),
    mark(plain(high / scale.divisor), top + 9),
    mark(plain(low / scale.divisor), top + ROW)
  ]
}

const inWords = (rows: Row[]) => `${rows.map(({ title }) => title).join(' and ')} of the tasks over the time of the run`
