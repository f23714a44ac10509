/** Phases by member on one axis of time: a bar each, all that a member did in a row. What is dragged over is zoomed to. */
import type { PhaseSpan, ReportData, Window } from '../report-data.ts'
import { type Frame, timeAxis, xOf } from './axis.ts'
import { phaseColour } from './colours.ts'
import { type Columns, clip, MOST_COLUMNS } from './columns.ts'
import { timeAt } from './cursor-line.ts'
import { h, svg } from './dom.ts'
import { shortNames } from './member-names.ts'
import { nameOf } from './metrics-table.ts'
import { frameOf, type StripInit, stripOf } from './strip.ts'
import { clock, duration } from './units.ts'

const LABELS = 16
const AXIS = 18
/** All rows of many members together, px; each is thin. */
const MOST_HEIGHT = 64
/** A row that is named, px. */
const ROW = 15
/** Width of a letter, px, about. */
const LETTER = 6.2
const NAMED_ROW = 10.5

interface Strip extends StripInit {
  data: ReportData
}

export function phaseStrip({ data, ...init }: Strip): SVGSVGElement {
  const { range, columns } = init
  const { members, phases, windows } = data
  const row = members.length > MOST_COLUMNS ? Math.min(ROW, MOST_HEIGHT / members.length) : ROW - members.length / 2
  const shape = { top: LABELS, height: row * members.length, below: AXIS, windows }
  const inner = frameOf(init, shape)
  const frame = { ...inner, left: columns.gutter + columns.gap }
  return stripOf(
    init,
    {
      ...{ ...shape, kind: 'phases', said: (event, surface) => said(data, event, surface, frame, row) },
      label: `Phases of ${members.length} members over ${duration(range.whole.to - range.whole.from)}`
    },
    [...bars(phases, inner, row), ...windowLabels(data, inner)],
    [...names(data, row, columns), timeAxis(frame, LABELS + shape.height)]
  )
}

/** One path for all bars of a colour: thousands of rectangles would be thousands of elements. */
function bars(phases: PhaseSpan[], frame: Frame, row: number): SVGPathElement[] {
  const gap = row >= 5 ? 1.5 : 0
  const byColour = Map.groupBy(phases, ({ phase, outcome }) =>
    outcome === 'failed' || outcome === 'excluded' || outcome === 'late' ? '--bad' : phaseColour(phase)
  )
  return [...byColour].map(([colour, spans]) => {
    const d = spans.map(({ member, from, to }) => {
      const x = xOf(frame, from)
      // a phase of some ms shall be seen
      const width = Math.max(0.6, xOf(frame, to) - x)
      const y = frame.top + member * row + gap
      return x > frame.width || x + width < 0
        ? ''
        : `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${(row - gap).toFixed(1)}h-${width.toFixed(1)}z`
    })
    return svg('path', { d: d.join(''), class: `bar ${colour.slice(2)}` })
  })
}

/** The name of an iteration over its first window, and the numbers of the samples where there is room for all of them. */
function windowLabels({ windows, iterations }: ReportData, frame: Frame): SVGTextElement[] {
  const work = windows.filter(({ kind, from, to }) => kind === 'work' && to > frame.range.from && from < frame.range.to)
  const left = (window: Window) => Math.max(0, xOf(frame, window.from))
  const nearest = work
    .slice(1)
    .reduce((least, window, index) => Math.min(least, left(window) - left(work[index] as Window)), Infinity)
  const dense = nearest < 24
  let free = -Infinity
  return work.flatMap((window, index) => {
    const isFirst = index === 0 || work[index - 1]?.iteration !== window.iteration
    if (dense && !isFirst) return []
    const [long, short] = [labelOf(window, iterations), window.sample == null ? window.label : String(window.sample)]
    const fits = nearest > LETTER * long.length + 6
    const text = dense ? nameOf(window, iterations) || window.label : isFirst || fits ? long : short
    const [x, width] = [left(window), LETTER * text.length]
    if (x < free || x + width > frame.width) return []
    free = x + width + 6
    return [svg('text', { class: 'window', x: x.toFixed(1), y: LABELS - 5 }, text)]
  })
}

export const labelOf = (window: Window, iterations: ReportData['iterations']): string => {
  const name = nameOf(window, iterations)
  if (window.kind === 'period' || name === '') return window.label
  const sample = window.sample == null ? '' : ` · ${window.warmup ? 'warm-up ' : ''}${window.sample}`
  return `${name}${sample}`
}

/** Each member where there is room for it; else how many there are, and those that stand out. */
function names({ members, phases }: ReportData, row: number, { gutter }: Columns): SVGTextElement[] {
  const y = (member: number) => LABELS + (member + 0.5) * row + 4
  const name = (text: string, at: number, kind = 'name') =>
    svg('text', { class: kind, x: gutter, y: at.toFixed(1), 'text-anchor': 'end' }, clip(text, gutter - 14))
  const short = shortNames(members.map(member => member.name))
  if (row >= NAMED_ROW) return short.map((each, index) => name(each, y(index)))
  const bad = new Set(phases.filter(({ outcome }) => outcome != null && outcome !== 'ok').map(({ member }) => member))
  let free = LABELS + 26
  const lines = [name(`${members.length} members`, LABELS + 11)]
  for (const member of [...bad].sort((a, b) => a - b)) {
    const at = Math.max(free, y(member))
    if (at > LABELS + row * members.length + 6) break
    lines.push(name(short[member] ?? '', at, 'name bad'))
    free = at + 13
  }
  return lines
}

/** What is under the pointer: member, phase, from when to when. */
function said(
  { members, phases }: ReportData,
  event: PointerEvent,
  surface: Element,
  frame: Frame,
  row: number
): string {
  const box = surface.getBoundingClientRect()
  const member = Math.floor((event.clientY - box.top - frame.top) / row)
  const { from, to } = frame.range
  const time = timeAt(event, surface, frame) ?? -1
  const reach = (to - from) / frame.width
  const found = phases.findLast(each => each.member === member && each.from - reach <= time && each.to + reach >= time)
  if (found == null) return ''
  const outcome = found.outcome == null || found.outcome === 'ok' ? '' : `, ${found.outcome}`
  return `${members[member]?.name}: ${found.label ?? found.phase}${outcome}\n${clock(found.from)} to ${clock(found.to)}, ${duration(found.to - found.from)}`
}

/** What the colours of the bars mean. */
export function phaseLegend({ phases, windows }: ReportData): HTMLElement {
  const present = new Set(phases.map(({ phase }) => phaseColour(phase)))
  const bad = phases.some(({ outcome }) => outcome != null && outcome !== 'ok')
  const kinds: Array<[string, string]> = [
    ['--phase-work', 'work'],
    ['--phase-tools', 'start, stop'],
    ['--phase-data', 'stage, send, end'],
    ['--phase-quiet', 'join, sysinfo, init']
  ]
  const shown = [
    ...kinds.filter(([colour]) => present.has(colour)),
    ...(bad ? [['--bad', 'late, failed, excluded'] as const] : [])
  ]
  return h(
    'span',
    { class: 'legend' },
    ...shown.map(([colour, text]) => h('span', {}, h('i', { class: `key ${colour.slice(2)}` }), text)),
    windows.some(({ kind }) => kind === 'period') && h('span', {}, h('i', { class: 'key period' }), 'period')
  )
}
