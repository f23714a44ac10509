/** Draws how the jobs of a run go: a line with their number in each state, and a line for each job that there is room for. Pure. */
import { isFinal, type JobState } from '../../protocols/jobs/job-state.ts'
import { formatBytes, formatDuration } from '../format.ts'
import type { Piece, Style } from '../output.ts'
import { drawColumns, type LiveColumn } from '../render-columns.ts'
import { inheritedFrom } from './causes.ts'
import {
  countedStates,
  describeCounts,
  endedOf,
  type GraphProgress,
  type JobLine,
  type JobsProgress,
  nameOfGraph,
  stateInWords
} from './job-progress.ts'

/** Columns of names, and of what is said of a job. */
const MAX_NAME = 24
const SHORT_NAME = 16
const SAID = [48, 32, 20]
/** Of the bars of a job and of the graph. */
const BAR = 10
const GRAPH_BAR = 20
/** Jobs of a graph that all keep their places, if there is room for them. */
const FEW = 16
/** How long a job that has ended is drawn among those that run, ms, and how many of them. */
const RECENT = 4_000
const MAX_RECENT = 4
/** Failed jobs of a graph that is over. */
const MAX_FAILED = 4

interface Options {
  now: number
  width: number
  /** Lines at most, with the one that says how many more there are. */
  rows: number
  /** The run has ended. */
  isOver: boolean
}

export function drawJobs({ now: graph, over }: JobsProgress, options: Options): Piece[][] {
  if (graph == null) return []
  const { now, width, rows, isOver } = options
  const earlier = over.map(drawOver)
  const { ended, all } = endedOf(graph.counts)
  if (isOver || ended === all) {
    const failed = graph.lines.filter(({ state }) => state === 'failed').slice(0, MAX_FAILED)
    return [...earlier, drawOver(graph), ...drawLines(failed, now, width)]
  }
  const shown = chooseLines(graph.lines, now, rows)
  return [
    ...earlier,
    drawHead(graph, ended, all, width),
    ...drawLines(shown, now, width),
    ...drawRest(graph.lines, shown)
  ]
}

const STYLES: Record<JobState, Style | undefined> = {
  waiting: 'dim',
  queued: 'yellow',
  running: 'cyan',
  done: 'green',
  reused: 'blue',
  failed: 'red',
  skipped: 'magenta',
  cancelled: 'yellow',
  'left-out': 'dim'
}

const labelOf = ({ graph }: GraphProgress) => (graph.role === 'work' ? 'jobs' : `${graph.role} jobs`)

/** `> jobs [########------------] 5/12  2 running, 1 queued, 4 done` */
function drawHead(graph: GraphProgress, ended: number, all: number, width: number): Piece[] {
  const filled = Math.floor((ended / all) * GRAPH_BAR)
  const bar = ` [${'#'.repeat(filled)}${'-'.repeat(GRAPH_BAR - filled)}]`
  const [name, share] = [`> ${labelOf(graph)}`, ` ${ended}/${all}  `]
  // the numbers say more than the bar
  const fits = 2 + name.length + bar.length + share.length + describeCounts(graph.counts).length <= width
  return ['  ', ['cyan', fits ? name + bar : name], share, ...drawCounts(graph)]
}

/** `✓ setup jobs: 3 done 1.2 s` */
function drawOver(graph: GraphProgress): Piece[] {
  const { counts, began, changed } = graph
  const mark: Piece = counts.failed ? ['red', '✗'] : counts.cancelled ? ['yellow', '!'] : ['green', '✓']
  const name = graph.graph.role === 'work' ? `jobs of ${nameOfGraph(graph.graph)}` : labelOf(graph)
  return ['  ', mark, ` ${name}: `, ...drawCounts(graph), ['dim', ` ${formatDuration(Math.max(0, changed - began))}`]]
}

const drawCounts = ({ counts }: GraphProgress): Piece[] =>
  countedStates(counts).flatMap(({ state, count }, i): Piece[] => {
    const text = `${count} ${stateInWords(state)}`
    const style = STYLES[state]
    return [i === 0 ? '' : ', ', style == null ? text : [style, text]]
  })

/** All of a small graph, where they stand; else those that a person looks for. */
function chooseLines(lines: readonly JobLine[], now: number, rows: number): JobLine[] {
  if (lines.length <= Math.min(FEW, rows - 1)) return [...lines]
  const room = Math.max(1, rows - 2)
  const ranked = lines.flatMap((line, place) => {
    const rank = rankOf(line, now)
    return rank == null ? [] : [{ line, rank, place }]
  })
  // of jobs that are alike, those that run the longest, and those that ended last
  const order = ({ line: { state, since } }: (typeof ranked)[number]) => (isFinal(state) ? -since : since)
  let recent = 0
  return ranked
    .sort((a, b) => a.rank - b.rank || order(a) - order(b) || a.place - b.place)
    .filter(({ rank }) => rank !== ENDED || ++recent <= MAX_RECENT)
    .slice(0, room)
    .map(({ line }) => line)
}

const ENDED = 4

/** @returns undefined for one that is not drawn: of those that only wait for a member there may be thousands */
function rankOf({ state, reason, stated, since }: JobLine, now: number): number | undefined {
  if (state === 'running') return 0
  if (state === 'failed') return now - since < RECENT ? 1 : 3
  if (state === 'queued') return reason == null && stated == null ? undefined : 2
  if (isFinal(state) && state !== 'skipped' && state !== 'left-out' && now - since < RECENT) return ENDED
  return undefined
}

function drawRest(all: readonly JobLine[], shown: JobLine[]): Piece[][] {
  if (shown.length === all.length) return []
  const drawn = new Set(shown.map(({ job }) => job))
  const counts: Partial<Record<JobState, number>> = {}
  for (const { job, state } of all) if (!drawn.has(job)) counts[state] = (counts[state] ?? 0) + 1
  return [['    ', ['dim', `${all.length - shown.length} more: ${describeCounts(counts)}`]]]
}

function drawLines(lines: JobLine[], now: number, width: number): Piece[][] {
  if (lines.length === 0) return []
  const rows = lines.map(line => ({ ...line, now }))
  // the head of the columns would tell nothing
  return drawColumns(COLUMNS, rows, width - 4)
    .slice(1)
    .map((line): Piece[] => ['    ', ...line])
}

type Row = JobLine & { now: number }

const COLUMNS: LiveColumn<Row>[] = [
  { head: '', cells: [({ job }) => cut(job, MAX_NAME), ({ job }) => cut(job, SHORT_NAME)] },
  { head: '', cells: [row => cut(memberOf(row), MAX_NAME), row => cut(memberOf(row), SHORT_NAME)] },
  { head: '', cells: [describeState], style: ({ state }) => STYLES[state], least: 'running'.length },
  { head: '', cells: [timeOf], isNumber: true, least: '12.3 s'.length },
  { head: '', cells: SAID.map((most, way) => (row: Row) => cut(describeNow(row, way > 0), most)), spare: 1 }
]

/** Whoever has it: also while its inputs come there. */
const memberOf = ({ member, stated }: Row) => stated?.member ?? member ?? ''

/** `waiting 1/2` */
function describeState({ state, have, of }: Row): string {
  return state === 'waiting' && have != null && of != null ? `waiting ${have}/${of}` : stateInWords(state)
}

function timeOf({ state, since, now, took }: Row): string {
  if (state === 'running' || (state === 'queued' && since < now)) return formatDuration(Math.max(0, now - since))
  return took == null ? '' : formatDuration(took)
}

/** `[####------]  42 % build`, `inputs 12 of 80 MiB`, `attempt 2: n3 was lost`, `exit 1 in phase build` */
function describeNow(row: Row, isShort: boolean): string {
  const { state, reason, why, stated, attempt = 1, bytes } = row
  const again = attempt > 1 ? `attempt ${attempt}` : ''
  if (state === 'running') return listed(percentOf(stated?.percent, isShort), stated?.phase, again && `(${again})`)
  if (state === 'queued' && stated?.bytes != null) return `inputs ${portionOf(stated.bytes)}`
  if (state === 'failed') return listed(reason, again && `(${again})`)
  if (state === 'skipped') return inheritedFrom(row.from) ?? reason ?? ''
  if (state === 'done' || state === 'reused') {
    const made = bytes == null ? '' : formatBytes(bytes)
    return [made, state === 'reused' ? (why ?? '') : again].filter(each => each !== '').join(', ')
  }
  return reason ?? ''
}

const listed = (...parts: Array<string | undefined>) => parts.filter(each => each != null && each !== '').join(' ')

function percentOf(percent: number | undefined, isShort: boolean): string {
  if (percent == null) return ''
  const text = `${Math.floor(percent)} %`
  if (isShort) return text
  const filled = Math.round((percent / 100) * BAR)
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}] ${text.padStart(5)}`
}

export const portionOf = ({ done, total }: { done: number; total: number }): string =>
  `${formatBytes(done)} of ${formatBytes(total)}`

const cut = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)
