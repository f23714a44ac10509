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
import { heads, idleRow, rowEnd, rowHead } from './row-words.ts'
import { quantile } from './spread.ts'
import { withUnit } from './units.ts'

/** Words above the plot, and the plot, px. */
const NOTE = 13
const PLOT = 36
const AXIS = 18
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
  /** Aborts when it is drawn anew. */
  signal: AbortSignal
  /** A member was chosen, to see more of. */
  onMember: (member: number) => void
}

/** What is under the pointer is shown in each cell. */
interface CellCursor {
  frame: Frame
  line: SVGLineElement
  note: SVGTextElement
  usual: string
  valueAt: (time: number) => string
}

export function multiples(init: Multiples): HTMLElement {
  const { data, columns, total } = init
  const active = init.facts.filter(({ isIdle }) => !isIdle)
  const facts = active.length > 0 ? active : init.facts
  const folded = data.members.length > MOST_COLUMNS
  const cursors: CellCursor[] = []
  const { gutter, width, count, gap, end } = columns
  const grid = h('div', { class: 'multiples', role: 'group', 'aria-label': 'Resources by member' })
  grid.style.gridTemplateColumns = `${gutter}px repeat(${count}, ${width}px) ${end}px`
  grid.style.columnGap = `${gap}px`
  grid.classList.toggle('narrow', total < NARROW)
  grid.append(...heads(data, folded))
  facts.forEach((row, index) => {
    const isLast = index === facts.length - 1
    grid.append(rowHead(row, folded))
    if (folded) grid.append(foldedCell(row, init, cursors, isLast))
    else for (const member of data.members.keys()) grid.append(memberCell(row, member, init, cursors, isLast))
    grid.append(rowEnd(row, data))
  })
  followPointer(grid, cursors, init)
  if (facts.length < init.facts.length) grid.append(idleRow(init.facts.filter(({ isIdle }) => isIdle)))
  return grid
}

function memberCell(
  row: PanelFacts,
  member: number,
  init: Multiples,
  cursors: CellCursor[],
  isLast: boolean
): HTMLElement {
  const found = row.cells.find(({ cell }) => cell.member === member)
  const { name = '' } = init.data.members[member] ?? {}
  const { unit, rank, title, style, parts } = row.panel
  const frame = frameOf(row, init)
  if (found == null) return emptyCell(frame, isLast)
  // the number is of the first of several lines
  const of = style === 'lines' && parts.length > 1 && frame.width > 200 ? `${parts[0]} ` : ''
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
  const place = { x: frame.width / 2, y: NOTE + PLOT / 2 + 4, 'text-anchor': 'middle' }
  surface.append(svg('text', place, 'no data'))
  return h('div', { class: 'cell', 'aria-label': 'no data' }, surface)
}

function foldedCell(row: PanelFacts, init: Multiples, cursors: CellCursor[], isLast: boolean): HTMLElement {
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

const frameOf = ({ low, high }: PanelFacts, { columns, range }: Multiples): Frame => ({
  ...{ left: 0, top: NOTE, width: columns.width, height: PLOT, range: range.shown, low, high }
})

function surfaceOf(frame: Frame, isLast: boolean): SVGSVGElement {
  const height = NOTE + PLOT + (isLast ? AXIS : 0)
  const surface = svg('svg', { width: frame.width, height, 'aria-hidden': 'true' })
  if (isLast) surface.append(timeAxis(frame, NOTE + PLOT, 56))
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
  const line = svg('line', { class: 'cursor', y1: NOTE, y2: NOTE + PLOT, visibility: 'hidden' })
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
function followPointer(grid: HTMLElement, cells: CellCursor[], { range, cursor, signal }: Multiples): void {
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
