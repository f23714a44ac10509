/** The plots of one task: throughput, latency and errors over time, latency by percentile, and how each member and its driver did. */
import type { TaskData, TasksData, TaskTake } from '../../tasks/tasks-data.ts'
import type { Cursor } from '../cursor.ts'
import { h } from '../dom.ts'
import type { Loaded } from '../load.ts'
import type { Line } from '../plot-table.ts'
import { onPrint } from '../print.ts'
import type { TimeRange } from '../range.ts'
import { type PlotInit, type TimePlot, timePlot } from '../time-plot.ts'
import { withUnit } from '../units.ts'
import { isWide } from './curve-axis.ts'
import { type CurvePlot, curvePlot } from './curve-plot.ts'
import { searchPlots } from './search-plot.ts'
import { memberCurves, sampleCurves } from './task-curves.ts'
import { errorTable, memberTable } from './task-members.ts'
import { colourOf, counted, isSame, joinPoints, takenName, taskWindows } from './task-words.ts'

/** More lines on one plot cannot be told apart. */
const MOST_LINES = 14
const DASH = [4, 3]

export interface TaskPlotsInit {
  loaded: Loaded
  tasks: TasksData
  range: TimeRange
  cursor: Cursor
}

export function taskPlots(init: TaskPlotsInit): HTMLElement {
  const { loaded, tasks: data } = init
  const { iterations, members } = loaded.data
  const choose = (label: string, names: string[]) => {
    const select = h('select', { onchange: () => show() }, ...names.map((name, i) => h('option', { value: i }, name)))
    return { select, element: h('label', {}, `${label} `, select) }
  }
  const task = choose(
    'Task',
    data.tasks.map(each => each.task)
  )
  const lines = choose('Lines', ['all members together', 'each member'])
  const sample = h('select', { onchange: () => showSample() })
  const about = h('span', { class: 'soft' })
  const grid = h('div', { class: 'plots' })
  const curves = h('div', { class: 'plots' })
  const below = h('div')
  let drawn: TimePlot[] = []
  let curve: CurvePlot | undefined

  const chosen = () => data.tasks[Number(task.select.value)] as TaskData
  const isByMember = () => lines.select.value === '1'
  function show(): void {
    const own = chosen()
    const takes = own.takes
    sample.replaceChildren(...takes.map((take, i) => h('option', { value: i }, takenName(take, iterations))))
    const [first] = counted(takes)
    sample.value = String(first == null ? 0 : takes.indexOf(first))
    for (const plot of drawn) plot.destroy()
    drawn = (isByMember() ? byMember : together)(own, init).map(plot => timePlot(plot))
    grid.replaceChildren(...drawn.map(plot => plot.element))
    showSample()
  }
  function showSample(): void {
    const own = chosen()
    const take = own.takes[Number(sample.value)]
    curve = isByMember()
      ? memberCurves({ task: own, take, members, loaded, most: MOST_LINES })
      : curvePlot(sampleCurves({ task: own, iterations, loaded }))
    curves.replaceChildren(curve.element, ...errorTable(own))
    about.textContent = aboutOf(own, take, data)
    below.replaceChildren(...(take == null ? [] : memberTable(take, members)))
    draw()
  }
  function draw(): void {
    for (const plot of drawn) plot.resize()
    curve?.resize()
  }
  new ResizeObserver(draw).observe(grid)
  onPrint(draw)
  const controls = [
    task.element,
    ...(members.length > 1 ? [lines.element] : []),
    h('label', {}, 'Members of ', sample),
    about
  ]
  show()
  const search = data.search == null ? [] : searchPlots(data.search, data.tasks)
  return h('div', { class: 'task-plots' }, ...search, h('p', { class: 'controls' }, ...controls), grid, curves, below)
}

/** `operation bulk, clients began within 0.8 ms` */
function aboutOf({ task, operation }: TaskData, take: TaskTake | undefined, { elements }: TasksData): string {
  const element = elements.find(each => take != null && each.element === take.element && isSame(each, take))
  const skew = element?.skew == null ? '' : `clients began within ${withUnit(element.skew, 'ms')}`
  return [operation === task ? '' : `operation ${operation}`, skew].filter(each => each !== '').join(', ')
}

type Plotted = Pick<PlotInit, 'title' | 'unit' | 'lines' | 'note' | 'byDecades'>

function plotsOf(plots: Plotted[], task: TaskData, { tasks, range, cursor }: TaskPlotsInit): PlotInit[] {
  const common = {
    stacked: false,
    windows: taskWindows(tasks, [task]),
    marks: joinPoints(tasks.elements),
    range,
    cursor
  }
  return plots.filter(({ lines }) => lines.length > 0).map(plot => ({ ...plot, ...common }))
}

function together(task: TaskData, init: TaskPlotsInit): PlotInit[] {
  const { series, unit } = task
  const line = (key: keyof TaskData['series'], label: string, colour: string, dash?: number[]): Line[] => {
    const points = init.loaded.points(series[key])
    return points.t.length === 0 ? [] : [{ label, points, colour, ...(dash == null ? {} : { dash }) }]
  }
  const latency = [
    ...line('p50', 'p50', '--blue'),
    ...line('p99', 'p99', '--orange'),
    ...line('max', 'max', '--vermillion'),
    ...line('service50', 'service p50', '--blue', DASH),
    ...line('service99', 'service p99', '--orange', DASH)
  ]
  return plotsOf(
    [
      { title: `throughput, ${unit}/s`, unit: `${unit}/s`, lines: line('throughput', 'all members', '--blue') },
      { title: 'latency', unit: 'ms', lines: latency, byDecades: hasTail(latency) },
      ...(hasErrors(task)
        ? [{ title: 'errors', unit: '/s', lines: line('errors', 'all members', '--vermillion') }]
        : [])
    ],
    task,
    init
  )
}

function byMember(task: TaskData, init: TaskPlotsInit): PlotInit[] {
  const { loaded } = init
  const shown = slowest(task, MOST_LINES)
  const note =
    shown.length < task.members.length ? `${shown.length} of ${task.members.length} members, the slowest` : undefined
  const lines = (key: keyof TaskData['series']): Line[] =>
    shown.flatMap(({ member, series }, place) => {
      const points = loaded.points(series[key])
      if (points.t.length === 0) return []
      const label = loaded.data.members[member]?.name ?? ''
      // the second round of colours is dashed
      return [{ label, points, colour: colourOf(place), ...(place < 7 ? {} : { dash: DASH }) }]
    })
  const p99 = lines('p99')
  return plotsOf(
    [
      { title: `throughput, ${task.unit}/s`, unit: `${task.unit}/s`, lines: lines('throughput'), note },
      { title: 'latency p99', unit: 'ms', lines: p99, note, byDecades: hasTail(p99) },
      ...(hasErrors(task) ? [{ title: 'errors', unit: '/s', lines: lines('errors'), note }] : [])
    ],
    task,
    init
  )
}

const hasErrors = ({ takes }: TaskData) => takes.some(({ failed }) => failed > 0)

/** @returns in their order the members with the greatest latencies in any sample */
function slowest({ members, takes }: TaskData, most: number): TaskData['members'] {
  if (members.length <= most) return members
  const levels = new Map<number, number>()
  for (const { member, latency } of takes.flatMap(take => take.members)) {
    const level = latency?.percentiles['99'] ?? latency?.max ?? 0
    levels.set(member, Math.max(level, levels.get(member) ?? 0))
  }
  const levelOf = ({ member }: { member: number }) => levels.get(member) ?? 0
  const kept = new Set(members.toSorted((a, b) => levelOf(b) - levelOf(a)).slice(0, most))
  return members.filter(each => kept.has(each))
}

/** Whether the greatest value of any line would hide what is usual of the first. */
function hasTail(lines: Line[]): boolean {
  const [first] = lines
  if (first == null) return false
  const usual = [...first.points.v].filter(value => value > 0).sort((a, b) => a - b)
  const greatest = lines.reduce(
    (most, { points }) => points.v.reduce((one, each) => (each > one ? each : one), most),
    0
  )
  return isWide(usual[usual.length >> 1] ?? 0, greatest)
}
