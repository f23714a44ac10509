/**
 * Small multiples: a row a resource, a column a member; of more than eight members one column with their spread. The scale is the same along a row. A line under
 * the pointer shows the same time in all cells, with their values.
 */
import type { ReportData } from '../report-data.ts'
import { type Frame, timeAxis, xOf } from './axis.ts'
import { addBrush } from './brush.ts'
import { drawCell, drawSpread } from './cell.ts'
import { type Columns, MOST_COLUMNS, NARROW } from './columns.ts'
import type { Cursor } from './cursor.ts'
import { h, svg } from './dom.ts'
import type { CellFacts, PanelFacts } from './panel-facts.ts'
import type { TimeRange } from './range.ts'
import { valueAt } from './reduce.ts'
import { heads, idleRow, levelOf, rowEnd, rowHead } from './row-words.ts'
import { quantile } from './spread.ts'
import { withUnit } from './units.ts'

/** Words above the plot, px. */
const NOTE = 13
const AXIS = 18
/** Heads of the columns, and what is between two rows. */
const HEAD = 26
const GAP = 5
/** A plot, px: as high as the window has room for all rows, within these. */
const LEAST_PLOT = 30
const MOST_PLOT = 72
/** Width of a letter, at most px. */
const LETTER = 6.8

interface Multiples {
  data: ReportData
  facts: PanelFacts[]
  range: TimeRange
  cursor: Cursor
  columns: Columns
  /** The width of the page, px. */
  total: number
  /** For all rows together, px. */
  room: number
  /** Aborts when it is drawn anew. */
  signal: AbortSignal
  /** A member was chosen, to see more of. */
  onMember: (member: number) => void
}

interface Drawn extends Multiples {
  /** The height of a plot, px. */
  plot: number
}

/** What is under the pointer is shown in each cell. */
interface CellCursor {
  frame: Frame
  line: SVGLineElement
  note: SVGTextElement
  usual: string
  valueAt: (time: number) => string
}

export function multiples(wanted: Multiples): HTMLElement {
  const { data, columns, total } = wanted
  const active = wanted.facts.filter(({ isIdle }) => !isIdle)
  const facts = active.length > 0 ? active : wanted.facts
  const idle = wanted.facts.filter(each => !facts.includes(each))
  const init: Drawn = { ...wanted, plot: plotHeight(wanted.room - (idle.length > 0 ? HEAD : 0), facts.length) }
  const folded = data.members.length > MOST_COLUMNS
  const cursors: CellCursor[] = []
  const { gutter, width, count, gap, end } = columns
  const grid = h('div', { class: 'multiples', role: 'group', 'aria-label': 'Resources by member' })
  grid.style.gridTemplateColumns = `${gutter}px repeat(${count}, ${width}px) ${end}px`
  grid.style.setProperty('--row', `${NOTE + init.plot}px`)
  grid.style.rowGap = `${GAP}px`
  grid.style.columnGap = `${gap}px`
  grid.classList.toggle('narrow', total < NARROW)
  grid.append(...heads(data, folded))
  facts.forEach((row, index) => {
    const isLast = index === facts.length - 1
    grid.append(rowHead(row, folded, NOTE + init.plot))
    if (folded) grid.append(foldedCell(row, init, cursors, isLast))
    else for (const member of data.members.keys()) grid.append(memberCell(row, member, init, cursors, isLast))
    grid.append(rowEnd(row, data))
  })
  followPointer(grid, cursors, init)
  if (idle.length > 0) grid.append(idleRow(idle))
  return grid
}

/** @returns px that each of the rows has for its plot */
function plotHeight(room: number, rows: number): number {
  const each = Math.floor((room - HEAD - AXIS) / Math.max(1, rows)) - GAP - NOTE
  return Math.max(LEAST_PLOT, Math.min(MOST_PLOT, each))
}

function memberCell(row: PanelFacts, member: number, init: Drawn, cursors: CellCursor[], isLast: boolean): HTMLElement {
  const found = row.cells.find(({ cell }) => cell.member === member)
  const { name = '' } = init.data.members[member] ?? {}
  const { unit, rank, title, style } = row.panel
  const frame = frameOf(row, init)
  if (found == null) return emptyCell(frame, isLast)
  // of which lines the number is, where there is room; of a stack, the modes of the processors, it is what they were busy
  const level = style === 'lines' ? levelOf(row) : 'busy'
  const of = level !== '' && frame.width > 200 ? `${level} ` : ''
  const usual = `${of}${withUnit(found[rank], unit)} ${rank}`
  const isBusiest = row.busiest === found && row.cells.length > 1
  const surface = surfaceOf(frame, isLast)
  const note = words(surface, found.cell.note, usual, frame, isBusiest)
  surface.append(...drawCell(found, row.panel, frame, init.data.windows))
  cursors.push({
    ...cursorOf(surface, frame, note, usual),
    valueAt: time => `${of}${at(found, time, init.range, unit)}`
  })
  return button(surface, `${title} of ${name}: ${usual}`, () => init.onMember(member), init, frame)
}

function emptyCell(frame: Frame, isLast: boolean): HTMLElement {
  const surface = surfaceOf(frame, isLast)
  const place = { x: frame.width / 2, y: NOTE + frame.height / 2 + 4, 'text-anchor': 'middle' }
  surface.append(svg('text', place, 'no data'))
  return h('div', { class: 'cell', 'aria-label': 'no data' }, surface)
}

function foldedCell(row: PanelFacts, init: Drawn, cursors: CellCursor[], isLast: boolean): HTMLElement {
  const { unit, rank, title } = row.panel
  const frame = frameOf(row, init)
  const surface = surfaceOf(frame, isLast)
  const usual = inWords(
    row.cells.map(each => each[rank]),
    unit
  )
  const note = words(surface, undefined, usual, frame, false)
  surface.append(...drawSpread(row, frame, init.data.windows))
  const values = (time: number) =>
    inWords(
      row.cells.map(({ level }) => valueAt(level, time, reachOf(init.range))),
      unit
    )
  cursors.push({ ...cursorOf(surface, frame, note, usual), valueAt: values })
  const { member = 0 } = row.busiest?.cell ?? {}
  return button(surface, `${title}: ${usual}`, () => init.onMember(member), init, frame)
}

/** `median 43 %, 12 % to 97 %` */
function inWords(values: number[], unit: string): string {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  if (sorted.length === 0) return ''
  const [least, greatest] = [sorted[0] as number, sorted.at(-1) as number]
  return `median ${withUnit(quantile(sorted, 0.5), unit)}, ${withUnit(least, unit)} to ${withUnit(greatest, unit)}`
}

const frameOf = ({ low, high }: PanelFacts, { columns, range, plot }: Drawn): Frame => ({
  ...{ left: 0, top: NOTE, width: columns.width, height: plot, range: range.shown, low, high }
})

function surfaceOf(frame: Frame, isLast: boolean): SVGSVGElement {
  const bottom = NOTE + frame.height
  const surface = svg('svg', { width: frame.width, height: bottom + (isLast ? AXIS : 0), 'aria-hidden': 'true' })
  if (isLast) surface.append(timeAxis(frame, bottom, 56))
  return surface
}

/** The name of the device on the left, the level on the right. */
function words(
  surface: Element,
  left: string | undefined,
  right: string,
  { width }: Frame,
  isBusiest: boolean
): SVGTextElement {
  const note = svg(
    'text',
    { class: isBusiest ? 'note busiest' : 'note', x: width, y: NOTE - 3, 'text-anchor': 'end' },
    right
  )
  if (left != null) {
    // where both do not fit the device is named at the end of the row only
    const fits = LETTER * (left.length + right.length) + 8 < width
    if (fits) surface.append(svg('text', { class: 'note', x: 0, y: NOTE - 3 }, left))
  }
  surface.append(note)
  return note
}

function cursorOf(surface: Element, frame: Frame, note: SVGTextElement, usual: string): Omit<CellCursor, 'valueAt'> {
  const line = svg('line', { class: 'cursor', y1: NOTE, y2: NOTE + frame.height, visibility: 'hidden' })
  surface.append(line)
  return { frame, line, note, usual }
}

function button(
  surface: SVGSVGElement,
  label: string,
  onclick: () => void,
  { range }: Multiples,
  frame: Frame
): HTMLElement {
  addBrush({ surface, range, plot: () => frame })
  return h('div', { class: 'cell' }, h('button', { 'aria-label': label, onclick }, surface))
}

/** A point counts where it is no further than a hundredth of what is shown, or 5 s. */
const reachOf = ({ shown }: TimeRange) => Math.max(5, (shown.to - shown.from) / 100)

const at = ({ level }: CellFacts, time: number, range: TimeRange, unit: string): string =>
  withUnit(valueAt(level, time, reachOf(range)), unit)

/** Shows the time that the page points at, and points at that under the pointer. */
function followPointer(grid: HTMLElement, cells: CellCursor[], { range, cursor, signal }: Drawn): void {
  cursor.onMove(time => {
    const { from, to } = range.shown
    const seen = time == null || time < from || time > to ? undefined : time
    for (const { frame, line, note, usual, valueAt } of cells) {
      note.textContent = seen == null ? usual : valueAt(seen)
      line.setAttribute('visibility', seen == null ? 'hidden' : 'visible')
      if (seen == null) continue
      const x = xOf(frame, seen).toFixed(1)
      line.setAttribute('x1', x)
      line.setAttribute('x2', x)
    }
  }, signal)
  grid.addEventListener('pointermove', event => {
    const surface = (event.target as Element).closest('svg')
    if (surface == null) return cursor.point(undefined)
    const { left, width } = surface.getBoundingClientRect()
    const share = (event.clientX - left) / width
    const { from, to } = range.shown
    cursor.point(share < 0 || share > 1 ? undefined : from + share * (to - from))
  })
  grid.addEventListener('pointerleave', () => cursor.point(undefined))
}
