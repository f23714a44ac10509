/** One cell of the small multiples: a resource of a member, or of all members as their spread. */
import type { Panel, Window } from '../report-data.ts'
import { bandPath, type Frame, linePath, shade } from './axis.ts'
import { coloursOf } from './colours.ts'
import { svg } from './dom.ts'
import type { CellFacts, PanelFacts } from './panel-facts.ts'
import { type Points, reduce } from './reduce.ts'
import { meansOf, spreadOf } from './spread.ts'

/** A member's cell: a stack as areas, lines as lines. */
export function drawCell({ parts }: CellFacts, panel: Panel, frame: Frame, windows: Window[]): SVGElement[] {
  const colours = coloursOf(panel.parts)
  const drawn = panel.style === 'stack' ? stack(parts, colours, frame) : lines(parts, colours, frame)
  return [shade(frame, windows), ...drawn, base(frame)]
}

function lines(parts: Array<Points | undefined>, colours: string[], frame: Frame): SVGElement[] {
  return parts.flatMap((points, index) => {
    if (points == null) return []
    const { from, to } = frame.range
    const d = linePath(frame, reduce(points, from, to, Math.round(frame.width / 2)))
    return [svg('path', { class: `line ${colours[index]?.slice(2)}`, d })]
  })
}

/** Means of equal ranges of time, one on the other. */
function stack(parts: Array<Points | undefined>, colours: string[], frame: Frame): SVGElement[] {
  const { from, to } = frame.range
  const bins = Math.max(1, Math.round(frame.width))
  const t = Float64Array.from({ length: bins }, (_, bin) => from + ((bin + 0.5) * (to - from)) / bins)
  let below = new Float32Array(bins)
  return parts.flatMap((points, index) => {
    if (points == null) return []
    const upper = meansOf(points, from, to, bins).map((mean, bin) => mean + (below[bin] as number))
    const d = bandPath(frame, t, below, upper)
    below = upper
    return [svg('path', { class: `area ${colours[index]?.slice(2)}`, d })]
  })
}

/** All members: least to greatest, the quartiles, the median; and the busiest as a line of its own. */
export function drawSpread({ cells, busiest }: PanelFacts, frame: Frame, windows: Window[]): SVGElement[] {
  const { from, to } = frame.range
  const levels = cells.map(({ level }) => level)
  // as many ranges of time as there are points, so that none is empty
  const points = Math.max(...levels.map(({ t }) => t.length), 1)
  const bins = Math.max(1, Math.min(Math.round(frame.width / 2), points))
  const { t, ...spread } = spreadOf(levels, from, to, bins)
  const shown = [
    svg('path', { class: 'spread outer', d: bandPath(frame, t, spread.least, spread.greatest) }),
    svg('path', { class: 'spread inner', d: bandPath(frame, t, spread.lower, spread.upper) })
  ]
  if (busiest != null) {
    shown.push(
      svg('path', { class: 'line busiest', d: linePath(frame, { t, v: meansOf(busiest.level, from, to, bins) }) })
    )
  }
  shown.push(svg('path', { class: 'line median', d: linePath(frame, { t, v: spread.median }) }))
  return [shade(frame, windows), ...shown, base(frame)]
}

const base = ({ left, top, width, height }: Frame) =>
  svg('line', { class: 'base', x1: left, x2: left + width, y1: top + height - 0.5, y2: top + height - 0.5 })
