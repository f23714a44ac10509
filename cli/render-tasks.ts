/** Draws how the tasks of a run go: a line a task, and a line a member that loads. Pure. */
import { listInWords } from '../protocols/list-in-words.ts'
import type { LoadNow } from '../protocols/tasks/load-now.ts'
import { formatMs } from './format.ts'
import { formatValue } from './format-value.ts'
import type { Piece, Style } from './output.ts'
import { drawColumns, type LiveColumn } from './render-columns.ts'
import { describeEnded, isLoading, type OverElement, type TaskProgress } from './task-progress.ts'

/** Columns of names. */
const MAX_NAME = 24
const SHORT_NAME = 16
/** Of the bar, the widest first; 0 is none. */
const BARS = [20, 12, 8, 0]
/** Tasks of one element, and members that prepare, with a line each. */
const MAX_TASKS = 8
const MAX_NAMED = 4
/** Tasks that are over, with a line each. */
const MAX_OVER = 6
/** From here on a driver's own work is likely to be in what it measures: share of the time, ms. */
const BUSY = 0.9
const LATE = 10

type Task = LoadNow['tasks'][number]
type Member = LoadNow['members'][number]
type Prepared = NonNullable<LoadNow['prepared']>[number]

interface Options {
  width: number
  /** Lines of members at most, with the one that says how many more there are. */
  rows: number
  /** Whether the sample is over: what was counted at the join points is all that is drawn. */
  isOver: boolean
}

export function drawTasks(progress: TaskProgress, options: Options): Piece[][] {
  const { now, over } = progress
  const ended = over.flatMap(each => drawOver(each, now?.elements)).slice(-MAX_OVER)
  if (now == null || options.isOver) return ended
  const isBegun = isLoading(progress)
  return [
    ...ended,
    ...drawPrepared(isBegun ? [] : now.prepared),
    ...(isBegun ? drawElement(now, options) : []),
    ...(isBegun ? drawMembers(now.members, options) : [])
  ]
}

/** `✓ tasks 2 of 3: search 3600 requests, 13 failed, 199 ops/s, p99 195 ms`, a line a task */
function drawOver({ element, skew, tasks }: OverElement, elements?: number): Piece[][] {
  const name = ` ${nameOf(element, elements)}: `
  return tasks.map((each, i): Piece[] => {
    const began = i === 0 && skew != null ? `; began within ${formatMs(skew)}` : ''
    const facts: Piece[] = [each.task, ['dim', ` ${describeEnded(each)}${began}`]]
    if (i > 0) return ['   ', ' '.repeat(name.length), ...facts]
    return ['  ', [tasks.some(({ failed }) => failed > 0) ? 'yellow' : 'green', '✓'], name, ...facts]
  })
}

const nameOf = (element: number, elements?: number) => `tasks ${element}${elements == null ? '' : ` of ${elements}`}`

function drawElement({ element, elements, tasks }: LoadNow, { width }: Options): Piece[][] {
  const warm = tasks.filter(({ warmup }) => warmup).map(({ task }) => task)
  const warmup: Piece[] = warm.length === 0 ? [] : ['; ', ['yellow', `warm-up of ${listInWords(warm, MAX_NAMED)}`]]
  const head: Piece[] = ['  ', ['cyan', `> ${nameOf(element, elements)}`], ...warmup]
  const shown = tasks.length <= MAX_TASKS ? tasks : tasks.slice(0, MAX_TASKS - 1)
  const more = tasks.length - shown.length
  return [
    head,
    ...drawColumns(COLUMNS, shown, width - 4).map((line): Piece[] => ['    ', ...line]),
    ...(more === 0 ? [] : [['    ', ['dim', `${more} more tasks`]] as Piece[]])
  ]
}

const isEnded = ({ clients }: Task) => clients === 0

/** In the order in which they stand; those with a `spare` are left out or narrower where there is no room, the highest number first. */
const COLUMNS: LiveColumn<Task>[] = [
  { head: 'TASK', cells: [({ task }) => cut(task), ({ task }) => cut(task, SHORT_NAME)] },
  { head: 'CLIENTS', cells: [({ clients, of }) => `${clients}/${of}`], spare: 2, isNumber: true },
  {
    head: 'DONE',
    cells: BARS.map(length => (task: Task) => progressOf(task, length)),
    style: task => (isEnded(task) ? 'green' : 'cyan')
  },
  { head: 'RATE', cells: [({ throughput, unit }) => formatValue(throughput, `${unit}/s`)], isNumber: true, least: 9 },
  ...(['p50', 'p90', 'p99', 'max'] as const).map(
    (name): LiveColumn<Task> => ({
      ...{ head: name.toUpperCase(), isNumber: true, least: '12.3 ms'.length },
      cells: [({ latency }) => (latency == null ? '-' : formatValue(latency[name], 'ms'))],
      ...(name === 'p90' ? { spare: 3 } : {})
    })
  ),
  {
    ...{ head: 'ERRORS', isNumber: true },
    cells: [errorsOf, ({ failed }) => String(failed)],
    style: ({ failed }) => (failed > 0 ? 'red' : undefined)
  }
]

/** `13 (0.36 %)` */
function errorsOf({ failed, samples }: Task): string {
  return failed === 0 ? '0' : `${failed} (${formatValue((100 * failed) / Math.max(samples, failed), '%')})`
}

/** `[####----]  42 %`; a task that ends with another one has none. */
function progressOf(task: Task, length: number): string {
  if (isEnded(task)) return 'ended'
  if (task.progress == null) return 'no end'
  const percent = `${Math.floor(100 * task.progress)} %`.padStart(5)
  return length === 0 ? percent.trimStart() : `${bar(task.progress, length)} ${percent}`
}

function bar(share: number, length: number): string {
  const filled = Math.round(Math.min(1, share) * length)
  return `[${'#'.repeat(filled)}${'-'.repeat(length - filled)}]`
}

function drawMembers(members: Member[], { width, rows }: Options): Piece[][] {
  if (members.length === 0) return []
  // of many, those that are the latest
  const fitting =
    members.length <= rows ? members : members.toSorted((a, b) => b.lag - a.lag).slice(0, Math.max(1, rows - 1))
  const drawn = drawColumns(MEMBER_COLUMNS, fitting, width - 4).map((line): Piece[] => ['    ', ...line])
  const rest = members.filter(each => !fitting.includes(each))
  if (rest.length === 0) return drawn
  const latest = rest.reduce((most, { lag }) => Math.max(most, lag), 0)
  return [...drawn, ['    ', ['dim', `${rest.length} more members, at most ${formatMs(latest)} late`]]]
}

const busyStyle = (share: number): Style | undefined => (share >= BUSY ? 'red' : undefined)
const MEMBER_COLUMNS: LiveColumn<Member>[] = [
  { head: 'MEMBER', cells: [({ member }) => cut(member)] },
  { head: 'CLIENTS', cells: [({ clients }) => String(clients)], isNumber: true },
  { head: 'WORKERS', cells: [({ workers }) => String(workers)], isNumber: true, spare: 1 },
  { head: 'REQUESTS', cells: [({ done }) => String(done)], isNumber: true },
  {
    ...{ head: 'BUSY', isNumber: true },
    cells: [({ busy }) => formatValue(100 * busy, '%')],
    style: ({ busy }) => busyStyle(busy)
  },
  {
    ...{ head: 'LAG', isNumber: true },
    cells: [({ lag }) => formatMs(lag)],
    style: ({ lag }) => (lag >= LATE ? 'yellow' : undefined)
  }
]

/** Of many members those that have the most left. */
function drawPrepared(prepared: Prepared[] = []): Piece[][] {
  if (prepared.length === 0) return []
  const left = prepared.filter(({ done, total }) => done < total)
  const shown = (left.length === 0 ? prepared : left)
    .toSorted((a, b) => b.total - b.done - (a.total - a.done))
    .slice(0, MAX_NAMED)
  const done = prepared.length - left.length
  const head: Piece[] = ['  ', ['cyan', '> preparing'], ['dim', ` ${done} of ${prepared.length} members are ready`]]
  const lines = shown.map(({ member, done, total, what }): Piece[] => [
    ...['    ', cut(member).padEnd(Math.max(...shown.map(each => cut(each.member).length))), '  '],
    ['cyan', bar(total === 0 ? 1 : done / total, BARS[2] as number)],
    ` ${done}/${total}  `,
    ['dim', what]
  ])
  return [head, ...(left.length === 0 ? [] : lines)]
}

const cut = (name: string, length = MAX_NAME) => (name.length <= length ? name : `${name.slice(0, length - 1)}…`)
