/** The moment under the pointer as a line in a drawing over time, the same in all of them. */
import { type Frame, xOf } from './axis.ts'
import type { Cursor } from './cursor.ts'
import { svg } from './dom.ts'

/** @param frame with the px at which the line ends @param signal ends it @returns the line, which is to be put above what is drawn */
export function cursorLine(cursor: Cursor, frame: Frame, signal: AbortSignal): SVGLineElement {
  const line = svg('line', { class: 'cursor', y1: frame.top, y2: frame.top + frame.height, visibility: 'hidden' })
  cursor.onMove(time => {
    const x = time == null ? -1 : xOf(frame, time)
    line.setAttribute('visibility', x < 0 || x > frame.width ? 'hidden' : 'visible')
    line.setAttribute('x1', x.toFixed(1))
    line.setAttribute('x2', x.toFixed(1))
  }, signal)
  return line
}

/** @param left px of the frame within the surface @returns the moment at which a pointer is; undefined beside the frame */
export function timeAt(
  event: PointerEvent,
  surface: Element,
  { left, width, range: { from, to } }: Pick<Frame, 'left' | 'width' | 'range'>
): number | undefined {
  const share = (event.clientX - surface.getBoundingClientRect().left - left) / width
  return share < 0 || share > 1 ? undefined : from + share * (to - from)
}
