/** What the strips over the time of the run have in common: as wide as the page, they follow its pointer and are zoomed by dragging. */

import type { Window } from '../report-data.ts'
import { type Frame, shade } from './axis.ts'
import { addBrush } from './brush.ts'
import { type Columns, widthOf } from './columns.ts'
import type { Cursor } from './cursor.ts'
import { cursorLine, timeAt } from './cursor-line.ts'
import { svg } from './dom.ts'
import type { TimeRange } from './range.ts'

export interface StripInit {
  range: TimeRange
  columns: Columns
  total: number
  cursor: Cursor
  /** Aborts when it is drawn anew. */
  signal: AbortSignal
}

interface Shape {
  kind: string
  label: string
  /** Px above the frame, of it, and below it. */
  top: number
  height: number
  below?: number
  windows: Window[]
  /** What is under the pointer. */
  said?: (event: PointerEvent, surface: Element) => string
}

/** Times in px from the left of what the strip draws in. */
export const frameOf = ({ columns, range }: StripInit, { top, height }: Pick<Shape, 'top' | 'height'>): Frame => ({
  ...{ left: 0, top, width: widthOf(columns), height, range: range.shown, low: 0, high: 1 }
})

/** @param drawn within the frame, over the windows @param beside it, in px of the whole strip */
export function stripOf(init: StripInit, shape: Shape, drawn: SVGElement[], beside: SVGElement[]): SVGSVGElement {
  const { columns, total, cursor, range, signal } = init
  const { kind, label, top, height, below = 0, windows, said } = shape
  const inner = frameOf(init, shape)
  const frame = { ...inner, left: columns.gutter + columns.gap }
  const whole = { width: total, height: top + height + below }
  const surface = svg('svg', { class: kind, ...whole, role: 'img', 'aria-label': label })
  const area = svg('svg', { x: frame.left, y: 0, width: frame.width, height: top + height })
  area.append(shade(inner, windows), ...drawn, cursorLine(cursor, inner, signal))
  const title = svg('title')
  surface.append(area, ...beside, ...(said == null ? [] : [title]))
  surface.addEventListener('pointermove', event => {
    title.textContent = said?.(event, surface) ?? ''
    cursor.point(timeAt(event, surface, frame))
  })
  surface.addEventListener('pointerleave', () => cursor.point(undefined))
  addBrush({ surface, range, plot: () => frame })
  return surface
}
