/** What range of time is shown, in words, and how it is chosen without a mouse: a list of the windows, and keys. */
import type { ReportData } from '../report-data.ts'
import type { Cursor } from './cursor.ts'
import { h } from './dom.ts'
import { labelOf } from './phase-strip.ts'
import type { TimeRange } from './range.ts'
import { clock } from './units.ts'

/** A list of more cannot be used. */
const MOST_WINDOWS = 500
/** A little of what is around a window is shown with it, as a share of it. */
const AROUND = 0.05
const HINT = 'drag to zoom, double click back; keys + − ← → 0'

export function zoomBar({ head, windows, iterations }: ReportData, range: TimeRange, cursor: Cursor): HTMLElement {
  const shown = windows.slice(0, MOST_WINDOWS)
  const select = h(
    'select',
    { 'aria-label': 'Time that is shown', onchange: choose },
    h('option', { value: 'whole' }, 'Whole run'),
    ...shown.map((window, index) => h('option', { value: index }, labelOf(window, iterations))),
    h('option', { value: 'other', hidden: true })
  )
  const other = select.lastElementChild as HTMLOptionElement
  let chosen = ''
  function choose(): void {
    chosen = select.value
    const window = shown[Number(select.value)]
    if (window == null) range.reset()
    else {
      const margin = (window.to - window.from) * AROUND
      range.show({ from: window.from - margin, to: window.to + margin })
    }
    chosen = ''
  }
  range.onChange(({ from, to }) => {
    other.textContent = `${clock(Number(from.toFixed(1)))} to ${clock(Number(to.toFixed(1)))}`
    select.value = range.isWhole ? 'whole' : chosen === '' ? 'other' : chosen
  })
  const hint = h('span', { class: 'hint' }, HINT)
  cursor.onMove(time => {
    hint.textContent =
      time == null ? HINT : `at ${clock(Number(time.toFixed(1)))}, ${timeOfDay(head.begun + 1000 * time)} UTC`
  })
  document.addEventListener('keydown', event => {
    if (isTyped(event)) return
    const act = KEYS[event.key]
    if (act == null) return
    act(range)
    event.preventDefault()
  })
  return h('label', { class: 'zoom' }, hint, 'Time ', select)
}

/** `22:14:52`, as logs have it. */
const timeOfDay = (ms: number) => new Date(ms).toISOString().slice(11, 19)

const KEYS: Record<string, (range: TimeRange) => void> = {
  '+': range => range.scale(0.5),
  '=': range => range.scale(0.5),
  '-': range => range.scale(2),
  ArrowLeft: range => range.move(-0.25),
  ArrowRight: range => range.move(0.25),
  '0': range => range.reset(),
  Escape: range => range.reset()
}

/** Keys with a meaning of their own: in a field, and with Ctrl those of the browser. */
function isTyped({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return (
    ctrlKey || metaKey || altKey || (target instanceof Element && target.closest('input, select, textarea') != null)
  )
}
