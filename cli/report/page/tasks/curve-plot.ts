/** Latency by percentile: each further nine of the share has the same room, so that the tail is seen. Lines of several samples, groups or members over each other. */
import { CURVE_STEPS, shareAt } from '../../tasks/tasks-data.ts'
import { h, plotFigure, svg } from '../dom.ts'
import { plain, withUnit } from '../units.ts'
import { isWide, shareMarks, type ValueScale, valueScale } from './curve-axis.ts'

const HEIGHT = 240
const MARGIN = { left: 58, right: 16, top: 8, bottom: 22 }
/** The least number of nines that is shown, so that a few requests are no steep line. */
const LEAST_NINES = 2
/** More keys are a wall of words: the colours alone say what is what. */
const MOST_KEYS = 16

export interface CurveLine {
  label: string
  /** A variable of the style sheet. */
  colour: string
  /** Behind the others: one of the samples that a line of all of them is of. */
  isFaint?: boolean
  isDashed?: boolean
  /** ms, at `CURVE_STEPS` shares for each nine. */
  values: Float32Array
  /** Where the greatest value is, and that value. */
  end: number
  max: number
}

interface Init {
  title: string
  note?: string
  lines: CurveLine[]
  wide?: boolean
}

export interface CurvePlot {
  element: HTMLElement
  /** Draws into the width that the element has now. */
  resize(): void
}

/** A rectangle of px with its scales. */
interface Drawn {
  width: number
  end: number
  scale: ValueScale
}

export function curvePlot({ title, note, lines, wide }: Init): CurvePlot {
  const values = lines.map(() => h('span', { class: 'value' }))
  const at = h('span', { class: 'value' })
  const body = h('div', { class: 'curves' })
  let byDecades = isWide(usualOf(lines), Math.max(...lines.map(({ max }) => max), 0))
  const scaleButton = h('button', { class: 'curve-scale', 'aria-pressed': String(byDecades), onclick: turn }, 'log ms')
  const keys = lines.flatMap((line, i) => keyOf(line, values[i] as HTMLElement)).slice(0, MOST_KEYS)
  const shown = h('span', { class: 'keys' }, at, ...keys)
  const element = plotFigure({ title, note, wide }, body, lines.length > 0 && scaleButton, shown)
  function turn(): void {
    byDecades = !byDecades
    scaleButton.setAttribute('aria-pressed', String(byDecades))
    draw()
  }
  function draw(): void {
    const width = body.clientWidth
    if (width === 0) return
    if (lines.length === 0) return body.replaceChildren(h('p', { class: 'empty' }, 'No request counted.'))
    const end = Math.max(LEAST_NINES, ...lines.map(each => each.end))
    const least = Math.min(...lines.map(({ values: [first = 0] }) => first))
    const scale = valueScale(least, Math.max(...lines.map(({ max }) => max), 0), byDecades, HEIGHT / 30)
    const drawn = { width, end, scale }
    const cursor = svg('line', { class: 'cursor', y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom, visibility: 'hidden' })
    const surface = svg(
      'svg',
      { width, height: HEIGHT, role: 'img', 'aria-label': `${title}: ${inWords(lines)}` },
      ...axes(drawn),
      ...lines
        .toSorted((a, b) => Number(b.isFaint ?? false) - Number(a.isFaint ?? false))
        .map(line => lineOf(line, drawn)),
      cursor
    )
    surface.addEventListener('pointermove', event => point(event.clientX - surface.getBoundingClientRect().left))
    surface.addEventListener('pointerleave', () => point(undefined))
    body.replaceChildren(surface)

    function point(x: number | undefined): void {
      const nines = x == null ? -1 : ((x - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * end
      const isIn = nines >= 0 && nines <= end
      cursor.setAttribute('visibility', isIn ? 'visible' : 'hidden')
      for (const end of ['x1', 'x2']) cursor.setAttribute(end, String(x ?? 0))
      at.textContent = isIn ? `${percentAt(nines)} %` : ''
      for (const [i, line] of lines.entries()) {
        const value = isIn ? valueAt(line, nines) : undefined
        ;(values[i] as HTMLElement).textContent = value == null ? '' : ` ${withUnit(value, 'ms')}`
      }
    }
  }
  return { element, resize: draw }
}

/** @returns the value of a line at a share; undefined beyond what its requests can show */
function valueAt({ values, end, max }: CurveLine, nines: number): number | undefined {
  const place = nines * CURVE_STEPS
  const below = Math.floor(place)
  if (nines > end + 1e-9) return undefined
  const [low, high] = [values[below] ?? max, values[below + 1] ?? max]
  const until = below + 1 < values.length ? below + 1 : Math.max(end * CURVE_STEPS, below + 1e-9)
  return low + (high - low) * Math.min(1, (place - below) / (until - below))
}

/** `99.5`, with as many digits as tell it from its neighbours. */
const percentAt = (nines: number): string => (100 * shareAt(nines)).toFixed(Math.max(0, Math.ceil(nines - 1)))

/** The median of the lines, about. */
const usualOf = (lines: CurveLine[]): number => {
  const medians = lines.map(line => valueAt(line, Math.log10(2)) ?? line.max).sort((a, b) => a - b)
  return medians[medians.length >> 1] ?? 0
}

function lineOf({ values, end, max, colour, isFaint, isDashed }: CurveLine, drawn: Drawn): SVGPathElement {
  const points = [...values, max].map((value, i) => {
    const nines = i < values.length ? i / CURVE_STEPS : end
    return `${xOf(nines, drawn).toFixed(1)} ${yOf(value, drawn).toFixed(1)}`
  })
  const kinds = [isFaint && 'faint', isDashed && 'dashed'].filter(each => each)
  return svg('path', { class: ['line curve', colour.slice(2), ...kinds].join(' '), d: `M${points.join('L')}` })
}

const xOf = (nines: number, { width, end }: Drawn) => MARGIN.left + (nines / end) * (width - MARGIN.left - MARGIN.right)
const yOf = (value: number, { scale }: Drawn) =>
  HEIGHT - MARGIN.bottom - scale.placeOf(value) * (HEIGHT - MARGIN.top - MARGIN.bottom)

function axes(drawn: Drawn): SVGElement[] {
  const [left, right, bottom] = [MARGIN.left, drawn.width - MARGIN.right, HEIGHT - MARGIN.bottom]
  const { marks } = drawn.scale
  const across = marks.flatMap((mark, i) => {
    const y = yOf(mark, drawn).toFixed(1)
    const text = `${plain(mark)}${i === marks.length - 1 ? ' ms' : ''}`
    return [
      svg('line', { class: 'grid', x1: left, x2: right, y1: y, y2: y }),
      svg('text', { x: left - 6, y: Number(y) + 4, 'text-anchor': 'end' }, text)
    ]
  })
  const down = shareMarks(drawn.end).flatMap(({ nines, text }) => {
    const x = xOf(nines, drawn).toFixed(1)
    const anchor = right - Number(x) < 16 ? 'end' : 'middle'
    return [
      svg('line', { class: 'grid', x1: x, x2: x, y1: MARGIN.top, y2: bottom }),
      svg('text', { x: anchor === 'end' ? right : x, y: bottom + 15, 'text-anchor': anchor }, text)
    ]
  })
  return [...across, ...down]
}

function keyOf({ label, colour, isDashed, isFaint }: CurveLine, value: HTMLElement): HTMLElement[] {
  if (isFaint) return []
  return [
    h('span', {}, h('i', { class: `key line-mark ${colour.slice(2)} ${isDashed ? 'dashed' : ''}` }), label, value)
  ]
}

/** What the picture says, for those who cannot see it. */
function inWords(lines: CurveLine[]): string {
  const said = lines.filter(({ isFaint }) => !isFaint).slice(0, MOST_KEYS)
  return said
    .map(line => {
      const tail = valueAt(line, 2)
      return `${line.label} ${tail == null ? `at most ${withUnit(line.max, 'ms')}` : `${withUnit(tail, 'ms')} at 99 %`}`
    })
    .join(', ')
}
