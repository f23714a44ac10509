/** Zooms by dragging over an element, and back by a double click; a click without a drag stays a click. */
import { svg } from './dom.ts'
import type { TimeRange } from './range.ts'

/** Less than that is a click, px. */
const LEAST_PX = 4

interface Brush {
  /** An SVG whose coordinates are px. */
  surface: SVGSVGElement
  range: TimeRange
  /** Where times are drawn: px from the left, and how wide. */
  plot: () => { left: number; width: number }
}

export function addBrush({ surface, range, plot }: Brush): void {
  const mark = svg('rect', { class: 'brush', y: 0, height: '100%' })
  let began: { x: number; pointer: number } | undefined
  let dragged = false
  const place = (event: PointerEvent) => event.clientX - surface.getBoundingClientRect().left
  const inside = (x: number) => {
    const { left, width } = plot()
    return Math.max(left, Math.min(left + width, x))
  }
  surface.addEventListener('pointerdown', event => {
    if (event.button !== 0) return
    began = { x: inside(place(event)), pointer: event.pointerId }
    dragged = false
  })
  surface.addEventListener('pointermove', event => {
    if (began == null || event.pointerId !== began.pointer) return
    const x = inside(place(event))
    if (!dragged && Math.abs(x - began.x) < LEAST_PX) return
    if (!dragged) {
      surface.setPointerCapture(event.pointerId)
      surface.append(mark)
    }
    dragged = true
    mark.setAttribute('x', String(Math.min(x, began.x)))
    mark.setAttribute('width', String(Math.abs(x - began.x)))
  })
  surface.addEventListener('pointerup', event => {
    if (began == null) return
    const [one, other] = [began.x, inside(place(event))]
    began = undefined
    mark.remove()
    if (!dragged) return
    const { left, width } = plot()
    const { from, to } = range.shown
    const at = (x: number) => from + ((x - left) / width) * (to - from)
    range.show({ from: at(one), to: at(other) })
  })
  surface.addEventListener('pointercancel', () => {
    began = undefined
    mark.remove()
  })
  surface.addEventListener('dblclick', () => range.reset())
  // the click that ends a drag is none
  surface.addEventListener(
    'click',
    event => {
      if (dragged) event.stopPropagation()
      dragged = false
    },
    { capture: true }
  )
}
