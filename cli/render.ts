/** Draws the live block of a run as text. Pure. */
import { stepFolder } from '../protocols/layout.ts'
import { listInWords } from '../protocols/list-in-words.ts'
import { describeStated } from '../protocols/metric.ts'
import { formatNote } from '../protocols/text-table.ts'
import { formatAge, formatBytes, formatDuration } from './format.ts'
import { drawJobs } from './jobs/render-jobs.ts'
import { isSameSample } from './member-work.ts'
import { cleanLine, type Paint, type Piece } from './output.ts'
import type { PhaseLine, Progress } from './progress.ts'
import { countBytes, elapsedAt } from './progress-counts.ts'
import { foldTasks } from './render-phases.ts'
import { drawTasks } from './render-tasks.ts'
import { drawWork } from './render-work.ts'
import { describeWaiting } from './waiting.ts'

interface RenderOptions {
  /** Columns of the terminal; no line is wider. */
  width: number
  now: number
  paint: Paint
  /** Rows of the terminal. */
  rows?: number
  /** The last line of output of each member, where one is asked for. */
  tails?: ReadonlyMap<string, string>
}

const MAX_TROUBLES = 5
const MAX_WARNINGS = 2
const MAX_WARNING_LINES = 3
/** Lines of the block beside those of members, and the least that members get. */
const OTHER_ROWS = 12
const MIN_MEMBER_ROWS = 4
/** Characters of the bar of received bytes. */
const BAR_WIDTH = 24

/** @returns lines joined by newlines */
export function render(state: Progress, options: RenderOptions): string {
  const { width, now, paint } = options
  const lines: Piece[][] = [
    drawHead(state, now),
    ...drawPhases(state, width, now),
    ...drawMembers(state, options),
    ...drawLoad(state, options),
    ...drawGraph(state, options),
    ...drawTroubles(state),
    ...drawFailure(state),
    ...drawLost(state, now),
    ...state.warnings.slice(-MAX_WARNINGS).flatMap(text => drawWarning(text, width)),
    ...drawStated(state),
    ...state.tail.map((text): Piece[] => ['  ', ['dim', `| ${text}`]]),
    ...drawBytes(state)
  ]
  return lines.map(line => fit(line, width, paint)).join('\n')
}

function drawHead(state: Progress, now: number): Piece[] {
  const { run = 'run', name, step, begun, steps, members, ended, cancelled } = state
  const facts = [
    formatClock(elapsedAt(state, now)),
    step == null
      ? ''
      : `${step.name} ${step.warmup ? 'warm-up' : 'sample'} ${step.sample}${describeCount(begun, steps)}`,
    members.length === 0 ? '' : `${members.length} member${members.length === 1 ? '' : 's'}`
  ].filter(fact => fact !== '')
  const mood: Piece[] = cancelled == null || ended != null ? [] : ['  ', ['yellow', 'cancelling']]
  return [['bold', run], name == null ? '' : ` ${name}`, ...mood, ['dim', `  ${facts.join('  ')}`]]
}

/** How many follow a failed sample, or a metric that varies, nobody knows. */
const describeCount = (begun: number, steps?: number) =>
  steps == null ? '' : begun > steps ? ` (${begun}, planned ${steps})` : ` (${begun} of ${steps})`

const formatClock = (ms: number) => {
  const seconds = Math.floor(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const clock = `${String(minutes).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`
  return hours === 0 ? clock : `${hours}:${clock}`
}

/** The phases of the current sample and outside of samples, and the members that the open one waits for. */
function drawPhases(state: Progress, width: number, now: number): Piece[][] {
  const { phases, step, waiting, ended } = state
  if (waiting != null && ended != null)
    return [['  ', ['red', '✗ '], `${waiting.present} of ${waiting.expect} members came`]]
  if (waiting != null) return [['  ', ['cyan', '> '], describeWaiting(waiting, now)]]
  const isCurrent = ({ step: at, state: is }: PhaseLine) =>
    at == null || is === 'open' || (step != null && stepFolder(at) === stepFolder(step))
  const shown = phases.filter(isCurrent)
  const rows = flow(
    foldTasks(shown).map(line => drawPhase(line, now)),
    width - 2
  )
  return [...rows.map((row): Piece[] => ['  ', ...row]), ...drawAwaited(state)]
}

function drawPhase(line: PhaseLine & { elements?: string }, now: number): Piece[] {
  const { phase, part, groups, when, elements, state, ok, asked, took, opened, failure, isCancelled } = line
  const which = part === 'jobs' ? whichJobs(when) : (when ?? part ?? groups?.join(' '))
  const name = [phase, which, elements].filter(each => each != null).join(' ')
  // a number of jobs may stand beside it
  const answers = asked === 0 ? '' : ` ${ok}/${asked}${part === 'jobs' ? ' members' : ''}`
  if (state === 'open') {
    const wrong: Piece[] = failure == null ? [] : [['red', ` ${failure}`]]
    return [['cyan', `> ${name}`], `${answers} ${formatDuration(Math.max(0, now - opened))}`, ...wrong]
  }
  const time = ` ${formatDuration(took ?? 0)}`
  if (failure != null)
    return [isCancelled ? ['yellow', `! ${name} ${failure}`] : ['red', `✗ ${name} ${failure}`], ['dim', time]]
  const mark: Piece = isCancelled ? ['yellow', '!'] : state === 'met' ? ['green', '✓'] : ['red', '✗']
  return [mark, ` ${name}`, ['dim', `${ok < asked ? answers : ''}${time}`]]
}

const whichJobs = (when: PhaseLine['when']) => (when == null ? 'jobs' : when === 'begin' ? 'setup jobs' : 'report jobs')

/** Puts items side by side, two spaces apart, on as many lines as they need. */
function flow(items: Piece[][], width: number): Piece[][] {
  const rows: Piece[][] = []
  let free = 0
  for (const item of items) {
    const length = lengthOf(item)
    const row = rows.at(-1)
    if (row != null && free >= length + 2) {
      row.push('  ', ...item)
      free -= length + 2
    } else {
      rows.push([...item])
      free = width - length
    }
  }
  return rows
}

function drawAwaited({ phases, members, troubles }: Progress): Piece[][] {
  const open = phases.at(-1)
  if (open?.state !== 'open' || open.ok === 0) return []
  const gone = new Set([...open.answered, ...troubles.filter(({ excluded }) => excluded).map(({ name }) => name)])
  const awaited = members.filter(name => !gone.has(name))
  if (awaited.length === 0 || awaited.length >= open.asked) return []
  return [['    ', ['dim', `waiting for ${listInWords(awaited, 3)}`]]]
}

/** While they work; after that those that failed. */
function drawMembers({ work, phases, step, ended }: Progress, { now, rows = 24, tails }: RenderOptions): Piece[][] {
  const isOver = ended != null || phases.some(({ phase, step: at }) => phase === 'send' && isSameSample(at, step))
  const isBegun = phases.some(
    ({ phase, part, step: at }) => phase === 'work' && part !== 'jobs' && isSameSample(at, step)
  )
  if (!isBegun) return []
  return drawWork(work, { now, isOver, tails, rows: Math.max(MIN_MEMBER_ROWS, rows - OTHER_ROWS) })
}

/** While tasks go on; after that what was counted. */
function drawLoad({ tasks, phases, step, ended }: Progress, { width, rows = 24 }: RenderOptions): Piece[][] {
  const isOver = ended != null || phases.some(({ phase, step: at }) => phase === 'stop' && isSameSample(at, step))
  const used =
    OTHER_ROWS + (tasks.now?.tasks.length ?? 0) + tasks.over.reduce((sum, each) => sum + each.tasks.length, 0)
  return drawTasks(tasks, { width, isOver, rows: Math.max(MIN_MEMBER_ROWS, rows - used) })
}

function drawGraph({ jobs, ended }: Progress, { now, width, rows = 24 }: RenderOptions): Piece[][] {
  const room = rows - OTHER_ROWS - jobs.over.length
  return drawJobs(jobs, { now, width, isOver: ended != null, rows: Math.max(MIN_MEMBER_ROWS, room) })
}

function drawTroubles({ troubles }: Progress): Piece[][] {
  const shown = troubles.slice(-MAX_TROUBLES).map(({ name, phase, reason, excluded }): Piece[] => {
    return [
      '  ',
      [excluded ? 'red' : 'yellow', `✗ ${name}`],
      ` ${excluded ? 'excluded in' : 'failed in'} ${phase}: ${reason}`
    ]
  })
  const more = troubles.length - shown.length
  return more > 0 ? [['  ', ['red', `✗ ${more} more`]], ...shown] : shown
}

/** The reason of the last phase, where it is not that of a member, which stands above. */
function drawFailure({ phases, troubles }: Progress): Piece[][] {
  const last = phases.findLast(({ state, isCancelled }) => state === 'failed' && !isCancelled)
  if (last?.reason == null || troubles.length > 0) return []
  return [['  ', ['red', `✗ ${last.phase}`], ` failed: ${last.reason}`]]
}

function drawLost({ lost }: Progress, now: number): Piece[][] {
  return lost.slice(0, MAX_TROUBLES).map(({ name, since }): Piece[] => {
    return ['  ', ['yellow', `! ${name}`], ` lost ${formatAge(now - since)} ago`]
  })
}

/** The last of its lines has all that there is no room for, and is cut. */
function drawWarning(text: string, width: number): Piece[][] {
  const [first = '', ...more] = formatNote(text, width).split('\n')
  const shown = more.slice(0, MAX_WARNING_LINES - 2)
  const rest = more.slice(shown.length)
  return [
    ['  ', ['yellow', '! '], first],
    ...shown.map(line => [line]),
    ...(rest.length === 0 ? [] : [[rest.join(' ')]])
  ]
}

function drawStated({ stated, ended }: Progress): Piece[][] {
  if (stated == null || ended != null) return []
  return [['  ', ['cyan', `workload: ${describeStated(stated)}`]]]
}

function drawBytes(state: Progress): Piece[][] {
  const moving = Object.values(state.transfers)
  const bytes = countBytes(state)
  if (bytes === 0) return []
  const total = state.received + moving.reduce((sum, each) => sum + each.total, 0)
  // how much will come of members that have not begun is not known: a full bar would tell too much
  if (bytes >= total) return [['  ', ['dim', `${formatBytes(bytes)} received`]]]
  const filled = Math.round((bytes / total) * BAR_WIDTH)
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`
  return [['  ', ['cyan', bar], ` ${formatBytes(bytes)} of ${formatBytes(total)} from ${moving.length}`]]
}

const textOf = (piece: Piece) => (typeof piece === 'string' ? piece : piece[1])
const lengthOf = (line: Piece[]) => line.reduce((sum, piece) => sum + textOf(piece).length, 0)

/** Cuts a line to the width, then colours it. */
function fit(line: Piece[], width: number, paint: Paint): string {
  let free = width
  let drawn = ''
  for (const piece of line) {
    const whole = cleanLine(textOf(piece))
    const text = whole.length <= free ? whole : `${whole.slice(0, Math.max(0, free - 1))}…`
    if (free <= 0) break
    drawn += typeof piece === 'string' ? text : paint(piece[0], text)
    free -= text.length
  }
  return drawn.trimEnd()
}
