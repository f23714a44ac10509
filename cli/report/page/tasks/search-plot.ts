/** What a search found: throughput and latency over the values that were tried, a dot a sample, and the knee between the last that holds and the first that does not. */
import type { SearchData, TaskData, TaskTake } from '../../tasks/tasks-data.ts'
import { h, plotFigure, svg } from '../dom.ts'
import { onPrint } from '../print.ts'
import { valueTicks } from '../ticks.ts'
import { plain, withUnit } from '../units.ts'
import { isWide, type ValueScale, valueScale } from './curve-axis.ts'
import { counted, overSamples, percentileOf } from './task-words.ts'

const HEIGHT = 168
const MARGIN = { left: 66, right: 16, top: 8, bottom: 22 }

interface Measured {
  title: string
  unit: string
  of: (take: TaskTake) => number | undefined
}

interface Dots {
  value: number
  takes: TaskTake[]
}

/** @returns nothing where the task has no sample of it */
export function searchPlots(search: SearchData, tasks: TaskData[]): HTMLElement[] {
  const task = tasks.find(each => each.task === search.task)
  if (task == null) return []
  const dots = search.values.map(({ iteration, value }) => ({
    value,
    takes: counted(task.takes).filter(each => each.iteration === iteration)
  }))
  const plots: Measured[] = [
    { title: `throughput, ${task.unit}/s`, unit: `${task.unit}/s`, of: ({ throughput }) => throughput },
    { title: 'latency p99', unit: 'ms', of: ({ latency }) => percentileOf(latency, '99') ?? latency?.max }
  ]
  const made = plots.map(plot => figureOf(plot, dots, search))
  const grid = h('div', { class: 'plots search' }, ...made.map(({ element }) => element))
  const draw = () => {
    for (const { resize } of made) resize()
  }
  new ResizeObserver(draw).observe(grid)
  onPrint(draw)
  return [h('p', { class: 'knee' }, h('b', {}, 'Search'), ` ${search.words}`), grid]
}

function figureOf({ title, unit, of }: Measured, dots: Dots[], search: SearchData) {
  const body = h('div')
  const element = plotFigure({ title, note: `over ${search.parameter}` }, body)
  const values = dots.flatMap(({ takes }) => takes.flatMap(take => of(take) ?? []))
  const sorted = values.filter(value => value > 0).sort((a, b) => a - b)
  const greatest = sorted.at(-1) ?? 1
  const scale = valueScale(sorted[0] ?? 1, greatest, isWide(sorted[0] ?? 1, greatest), HEIGHT / 34)
  function resize(): void {
    const width = body.clientWidth
    if (width === 0) return
    const said = dots.map(({ value, takes }) => `${plain(value)}: ${withUnit(overSamples(takes, of), unit)}`).join(', ')
    body.replaceChildren(
      svg(
        'svg',
        { width, height: HEIGHT, role: 'img', 'aria-label': `${title}, ${said}` },
        ...drawn(dots, { width, scale, of, search })
      )
    )
  }
  return { element, resize }
}

interface Drawing {
  width: number
  scale: ValueScale
  of: Measured['of']
  search: SearchData
}

function drawn(dots: Dots[], { width, scale, of, search: { holds, breaks } }: Drawing): SVGElement[] {
  const [left, right, bottom] = [MARGIN.left, width - MARGIN.right, HEIGHT - MARGIN.bottom]
  const [from, to] = [dots[0]?.value ?? 0, dots.at(-1)?.value ?? 1]
  const x = (value: number) => left + ((value - from) / (to - from || 1)) * (right - left)
  const y = (value: number) => bottom - scale.placeOf(value) * (bottom - MARGIN.top)
  const across = scale.marks.flatMap(mark => [
    svg('line', { class: 'grid', x1: left, x2: right, y1: y(mark).toFixed(1), y2: y(mark).toFixed(1) }),
    svg('text', { x: left - 6, y: (y(mark) + 4).toFixed(1), 'text-anchor': 'end' }, plain(mark))
  ])
  const below = valueTicks(from, to, width / 90).map(value =>
    svg(
      'text',
      { x: x(value).toFixed(1), y: bottom + 15, 'text-anchor': right - x(value) < 20 ? 'end' : 'middle' },
      plain(value)
    )
  )
  const medians = dots.flatMap(({ value, takes }) => {
    const median = overSamples(takes, of)
    return Number.isNaN(median) ? [] : [`${x(value).toFixed(1)} ${y(median).toFixed(1)}`]
  })
  const each = dots.flatMap(({ value, takes }) =>
    takes.flatMap(take => {
      const measured = of(take)
      if (measured == null) return []
      const kind = breaks != null && value >= breaks ? 'breaks' : 'holds'
      return [svg('circle', { class: kind, cx: x(value).toFixed(1), cy: y(measured).toFixed(1), r: 3.5 })]
    })
  )
  const knee =
    holds == null || breaks == null
      ? []
      : [
          svg('rect', {
            class: 'knee',
            x: x(holds).toFixed(1),
            y: MARGIN.top,
            width: Math.max(1, x(breaks) - x(holds)).toFixed(1),
            height: bottom - MARGIN.top
          })
        ]
  return [
    ...knee,
    ...across,
    ...below,
    svg('path', { class: 'line blue', d: medians.length === 0 ? '' : `M${medians.join('L')}` }),
    ...each
  ]
}
