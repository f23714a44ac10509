/** Jobs by member over the time of the run, below the phases and as wide: a bar an attempt, those that ran at the same time in lanes. */
import type { BarKind, JobBar, JobsData } from '../../jobs/jobs-data.ts'
import type { ReportData } from '../../report-data.ts'
import { type Frame, xOf } from '../axis.ts'
import { clip } from '../columns.ts'
import { svg } from '../dom.ts'
import { shortNames } from '../member-names.ts'
import { frameOf, type StripInit, stripOf } from '../strip.ts'
import { clock, duration } from '../units.ts'

const TOP = 8
/** Between two members, px. */
const GAP = 3
/** Of one lane, px; of many lanes less, so that all of them are so high together. */
const LANE = 14
const LEAST_LANE = 2
const MOST_HEIGHT = 240
/** A lane, and a member, that have their names, px. */
const NAMED_LANE = 11
const NAMED_MEMBER = 10
/** Width of a letter, px, about, and the bars that are named at most. */
const LETTER = 6.2
const MOST_NAMES = 400

interface Strip extends StripInit {
  data: ReportData
  jobs: JobsData
}

/** Where the lanes of a member are. */
interface Rows {
  member: number
  top: number
  height: number
}

export function jobStrip({ data, jobs, ...init }: Strip): SVGSVGElement {
  const { gutter, gap } = init.columns
  const { rows, lane, height } = layOut(jobs.lanes)
  const shape = { top: TOP, height: height - TOP, windows: data.windows }
  const placeOf = placer(frameOf(init, shape), rows, lane)
  const drawn = jobs.bars.flatMap(bar => placeOf(bar) ?? [])
  return stripOf(
    init,
    {
      ...{ ...shape, kind: 'job-strip', label: `Jobs of ${rows.size} members over the time of the run` },
      said: (event, surface) => said(drawn, jobs, data, event, surface, gutter + gap, lane)
    },
    [...paths(drawn, lane), ...labels(drawn, jobs, lane)],
    names(data, rows, gutter)
  )
}

/** Members without a bar have no row. */
function layOut(lanes: number[]): { rows: Map<number, Rows>; lane: number; height: number } {
  const all = lanes.reduce((sum, count) => sum + count, 0)
  const lane = Math.max(LEAST_LANE, Math.min(LANE, MOST_HEIGHT / Math.max(1, all)))
  const rows = new Map<number, Rows>()
  let top = TOP
  for (const [member, count] of lanes.entries()) {
    if (count === 0) continue
    rows.set(member, { member, top, height: count * lane })
    top += count * lane + GAP
  }
  return { rows, lane, height: top }
}

interface Drawn {
  bar: JobBar
  x: number
  y: number
  width: number
}

/** @returns where a bar is, nothing where it is not in the range that is shown */
function placer(frame: Frame, rows: ReadonlyMap<number, Rows>, lane: number) {
  return (bar: JobBar): Drawn | undefined => {
    const [, member, at, from, to] = bar
    const row = rows.get(member)
    const [begin, end] = [xOf(frame, from), xOf(frame, to)]
    if (row == null || begin > frame.width || end < 0) return undefined
    const x = Math.max(0, begin)
    // a job of some ms shall be seen
    return { bar, x, y: row.top + at * lane, width: Math.max(0.8, Math.min(frame.width, end) - x) }
  }
}

/** One path for all bars of a kind. */
function paths(drawn: Drawn[], lane: number): SVGPathElement[] {
  const gap = lane >= 5 ? 1 : 0
  return [...Map.groupBy(drawn, ({ bar }) => bar[5])].map(([kind, all]) => {
    const d = all.map(({ x, y, width }) => {
      const w = Math.max(0.8, width - (width > 3 ? 1 : 0)).toFixed(1)
      return `M${x.toFixed(1)} ${y.toFixed(1)}h${w}v${(lane - gap).toFixed(1)}h-${w}z`
    })
    return svg('path', { class: `job ${kind}`, d: d.join('') })
  })
}

function labels(drawn: Drawn[], { names }: JobsData, lane: number): SVGTextElement[] {
  if (lane < NAMED_LANE) return []
  const named = drawn.flatMap(({ bar: [name, , , , , kind], x, y, width }) => {
    const text = names[name] ?? ''
    return LETTER * text.length + 6 > width ? [] : [{ text, kind, x: x + 3, y: y + lane - 4 }]
  })
  return named
    .slice(0, MOST_NAMES)
    .map(({ text, kind, x, y }) => svg('text', { class: `job-name ${kind}`, x: x.toFixed(1), y: y.toFixed(1) }, text))
}

/** Each member where there is room for all of them. */
function names({ members }: ReportData, rows: ReadonlyMap<number, Rows>, gutter: number): SVGTextElement[] {
  const short = shortNames(members.map(({ name }) => name))
  const name = (text: string, y: number) =>
    svg('text', { class: 'name', x: gutter, y: y.toFixed(1), 'text-anchor': 'end' }, clip(text, gutter - 14))
  const tall = [...rows.values()].filter(({ height }) => height >= NAMED_MEMBER)
  if (tall.length < rows.size) return [name(`jobs of ${rows.size} members`, TOP + 10)]
  return tall.map(({ member, top, height }) => name(short[member] ?? '', top + height / 2 + 4))
}

/** What the colours of bars mean. */
export const KINDS: Record<BarKind, string> = {
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  lost: 'given to another member'
}

/** What is under the pointer: job, member, how it ended, from when to when. */
function said(
  drawn: Drawn[],
  { names }: JobsData,
  { members }: ReportData,
  event: PointerEvent,
  surface: Element,
  left: number,
  lane: number
): string {
  const box = surface.getBoundingClientRect()
  const [x, y] = [event.clientX - box.left - left, event.clientY - box.top]
  const found = drawn.findLast(
    each => x >= each.x - 1 && x <= each.x + each.width + 1 && y >= each.y && y < each.y + lane
  )
  if (found == null) return ''
  const [name, member, , from, to, kind, attempt] = found.bar
  const again = attempt > 1 ? `, attempt ${attempt}` : ''
  const head = `${names[name]} on ${members[member]?.name}${again}: ${KINDS[kind]}`
  return `${head}\n${clock(from)} to ${clock(to)}, ${duration(to - from)}`
}
