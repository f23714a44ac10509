/** Throughput and latency of all tasks over the time of the run, below the phases and as wide: what the load did while the machines did what is below. */
import type { TaskData, TasksData } from '../../tasks/tasks-data.ts'
import { type Frame, linePath, shade, xOf } from '../axis.ts'
import { clip } from '../columns.ts'
import { svg } from '../dom.ts'
import type { Loaded } from '../load.ts'
import { type Points, reduce } from '../reduce.ts'
import { frameOf, type StripInit, stripOf } from '../strip.ts'
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

interface Strips extends StripInit {
  loaded: Loaded
  tasks: TasksData
}

interface Row {
  title: string
  unit: string
  lines: Array<{ points: Points; colour: string }>
  byDecades: boolean
}

export function taskStrips({ loaded, tasks, ...init }: Strips): SVGSVGElement {
  const rows = rowsOf(tasks, loaded)
  const bottom = TOP + rows.length * (ROW + GAP) - GAP
  const shape = { top: TOP, height: bottom - TOP, below: GAP, windows: [] }
  const frame = frameOf(init, shape)
  const windows = taskWindows(tasks)
  const placed = rows.map((row, i) => {
    const own = { ...frame, top: TOP + i * (ROW + GAP), height: ROW }
    const { drawn, low, high } = drawRow(row, own)
    return {
      drawn: [shade(own, windows), ...drawn],
      beside: words(row, { top: own.top, gutter: init.columns.gutter, low, high })
    }
  })
  const marks = joinPoints(tasks.elements).map(mark => {
    const x = xOf(frame, mark).toFixed(1)
    return svg('line', { class: 'join-point', x1: x, x2: x, y1: TOP, y2: bottom })
  })
  return stripOf(
    init,
    { ...shape, kind: 'task-strips', label: inWords(rows) },
    [...placed.flatMap(({ drawn }) => drawn), ...marks],
    placed.flatMap(({ beside }) => beside)
  )
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
