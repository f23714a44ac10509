/** Paths and marks of a plot in an SVG whose coordinates are px. */
import type { Window } from '../report-data.ts'
import { svg } from './dom.ts'
import type { Range } from './range.ts'
import type { Points } from './reduce.ts'
import { timeTicks } from './ticks.ts'
import { clock } from './units.ts'

/** A rectangle of px that shows a range of time and a range of values. */
export interface Frame {
  left: number
  top: number
  width: number
  height: number
  range: Range
  low: number
  high: number
}

export const xOf = ({ left, width, range }: Frame, time: number): number =>
  left + ((time - range.from) / (range.to - range.from)) * width
const yOf = ({ top, height, low, high }: Frame, value: number): number =>
  top + height - ((value - low) / (high - low || 1)) * height

const px = (value: number) => value.toFixed(1)

/** @returns the path of a line, with an end at each gap */
export function linePath(frame: Frame, { t, v }: Points): string {
  let path = ''
  let drawing = false
  for (let index = 0; index < t.length; index++) {
    const value = v[index] as number
    if (Number.isNaN(value)) {
      drawing = false
      continue
    }
    path += `${drawing ? 'L' : 'M'}${px(xOf(frame, t[index] as number))} ${px(yOf(frame, value))}`
    // alone between two gaps: a dot
    if (!drawing && !(index + 1 < t.length && !Number.isNaN(v[index + 1] as number))) path += 'h.01'
    drawing = true
  }
  return path
}

/** @returns the path of what lies between two lines with the same times */
export function bandPath(frame: Frame, t: Float64Array, lower: ArrayLike<number>, upper: ArrayLike<number>): string {
  let path = ''
  for (let index = 0; index < t.length; ) {
    if (isGap(lower, upper, index)) {
      index++
      continue
    }
    const first = index
    while (index < t.length && !isGap(lower, upper, index)) index++
    const point = (at: number, values: ArrayLike<number>) =>
      `${px(xOf(frame, t[at] as number))} ${px(yOf(frame, values[at] as number))}`
    if (index - first === 1) {
      path += alonePath(frame, t[first] as number, lower[first] as number, upper[first] as number)
      continue
    }
    const there = Array.from({ length: index - first }, (_, offset) => point(first + offset, upper))
    const back = Array.from({ length: index - first }, (_, offset) => point(index - 1 - offset, lower))
    path += `M${there.join('L')}L${back.join('L')}Z`
  }
  return path
}

/** A range of time alone between two gaps, 1 px wide. */
function alonePath(frame: Frame, time: number, lower: number, upper: number): string {
  const [y0, y1] = [yOf(frame, lower), yOf(frame, upper)]
  return `M${px(xOf(frame, time) - 0.5)} ${px(y1)}h1v${px(y0 - y1)}h-1z`
}

const isGap = (lower: ArrayLike<number>, upper: ArrayLike<number>, index: number) =>
  Number.isNaN(lower[index]) || Number.isNaN(upper[index])

/** The work windows as a ground, periods as a line above it. */
export function shade(frame: Frame, windows: Window[]): SVGGElement {
  const group = svg('g', { class: 'shade', 'aria-hidden': 'true' })
  for (const { kind, warmup, from, to } of windows) {
    if (to < frame.range.from || from > frame.range.to) continue
    const x = Math.max(frame.left, xOf(frame, from))
    const width = Math.min(frame.left + frame.width, xOf(frame, to)) - x
    if (!(width > 0)) continue
    const [y, height] = kind === 'work' ? [frame.top, frame.height] : [frame.top, 2]
    group.append(svg('rect', { class: warmup ? 'warmup' : kind, x: px(x), y, width: px(Math.max(width, 0.5)), height }))
  }
  return group
}

/** Px of a letter of an axis, about, and between two labels at least. */
const LETTER = 6
const APART = 4

/** Marks of time below a frame; what there is no room for has no label. */
export function timeAxis(frame: Frame, y: number, least = 64): SVGGElement {
  const group = svg('g', { class: 'axis' })
  const { width, range } = frame
  for (const { time, x, label } of placeTimes(
    frame,
    timeTicks(range.from, range.to, Math.max(2, Math.floor(width / least)))
  )) {
    group.append(svg('line', { x1: px(x), x2: px(x), y1: y, y2: y + 3 }))
    if (label == null) continue
    group.append(svg('text', { x: px(label.x), y: y + 13, 'text-anchor': label.anchor }, clock(time)))
  }
  return group
}

interface PlacedTime {
  time: number
  x: number
  label?: { x: number; anchor: 'start' | 'middle' | 'end' }
}

/** @returns where each is, and its label: the first and the last are moved inwards so that nothing is cut off, and none touches the one before */
export function placeTimes(frame: Frame, times: number[]): PlacedTime[] {
  const { left, width } = frame
  let end = Number.NEGATIVE_INFINITY
  return times.map(time => {
    const x = xOf(frame, time)
    const long = LETTER * clock(time).length
    const anchor = x - left < 14 ? 'start' : left + width - x < 14 ? 'end' : 'middle'
    const at = anchor === 'start' ? left : anchor === 'end' ? left + width : x
    const from = anchor === 'start' ? at : anchor === 'end' ? at - long : at - long / 2
    if (from < end + APART) return { time, x }
    end = from + long
    return { time, x, label: { x: at, anchor } }
  })
}
