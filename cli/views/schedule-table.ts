/** The schedule of tasks for people: its elements, what each client does in them, and which worker has which clients. */

import { allocationOf, type Cell, clientsOf } from '../../protocols/tasks/allocation.ts'
import type { Element, PlannedTask } from '../../protocols/tasks/elements.ts'
import type { Assignment, LoadPlan } from '../../protocols/tasks/workers.ts'
import { formatNote, formatTable, terminalWidth } from '../../protocols/text-table.ts'
import { formatNumber } from '../format.ts'

/** Cells of a matrix that is drawn: of more nobody reads any. */
const MAX_CELLS = 1_000_000
/** Rows that are drawn. */
const MAX_ROWS = 200

/** @returns all of it, at most as wide as the terminal */
export function drawSchedule({ elements, members }: LoadPlan, width = terminalWidth()): string {
  return [drawElements(elements, width), drawMatrix(elements, width), ...drawWorkers(members, width)].join('\n\n')
}

function drawElements(elements: Element[], width: number): string {
  const rows = elements.flatMap(({ number, tasks, clients, completedBy }) =>
    tasks.map((task, i) => [
      i === 0 ? number : '',
      task.name,
      describeClients(task, clients, tasks.length),
      describeTarget(task),
      describeLength(task, completedBy),
      `${task.operation.type}${task.operationName === task.operation.type || task.operationName === task.name ? '' : ` ${task.operationName}`}`
    ])
  )
  return formatTable(['ELEMENT', 'TASK', 'CLIENTS', 'TARGET', 'LENGTH', 'OPERATION'], rows, width)
}

/** Where a parallel has fewer clients than its tasks, they take turns. */
const describeClients = (task: PlannedTask, ofElement: number, tasks: number) =>
  tasks > 1 && task.clients > ofElement ? `${task.clients} by ${ofElement}` : String(task.clients)

function describeTarget({ throughput, schedule }: PlannedTask): string {
  if (throughput == null) return 'none'
  const target = `${formatNumber(throughput.perSecond)} ${throughput.unit}/s`
  return schedule === 'poisson' ? `${target}, poisson` : target
}

function describeLength(task: PlannedTask, completedBy: string | undefined): string {
  const { warmupIterations, iterations, warmupPeriod, period, rampUp } = task
  const warmup = warmupPeriod
    ? `${warmupPeriod} s warm-up`
    : warmupIterations > 0
      ? `${warmupIterations} warm-up`
      : undefined
  const isTimed = warmupPeriod != null || period != null
  const measured = isTimed ? period && `${period} s` : iterations == null ? 'as its module says' : `${iterations} each`
  const by = completedBy === 'any' ? 'any task' : completedBy
  return [
    ...(rampUp > 0 ? [`${rampUp} s ramp-up`] : []),
    ...(warmup == null ? [] : [warmup]),
    ...(measured ? [measured] : []),
    ...(by == null || by === task.name ? [] : [`until ${by} ends`])
  ].join(', ')
}

/** A row for each client; those that follow each other and do the same are one. Columns that do not fit follow below all rows. */
function drawMatrix(elements: Element[], width: number): string {
  const cells = elements.reduce((sum, { tasks }) => sum + tasks.length + 1, 1) * clientsOf(elements)
  if (cells > MAX_CELLS)
    return formatNote(`allocation: ${clientsOf(elements)} clients are too many to show what each does`, width)
  const { matrix } = allocationOf(elements)
  const rows = groupedRows(matrix.map(row => row.map(textOf)))
  const shown = rows.slice(0, MAX_ROWS)
  const blocks = blocksOf(
    shown.map(({ cells }) => cells),
    width - Math.max(...shown.map(({ label }) => label.length), 'CLIENT'.length)
  )
  const tables = blocks.map(([from, to]) => {
    const [first = '', ...rest] = shown[0]?.cells.slice(from, to).map(() => '') ?? []
    return formatTable(
      ['CLIENT', `DOES${first}`, ...rest],
      shown.map(({ label, cells: all }) => [label, ...all.slice(from, to)]),
      width
    )
  })
  const more = rows.length - shown.length
  return [...tables, ...(more > 0 ? [`and ${more} more rows`] : [])].join('\n\n')
}

const textOf = (cell: Cell) => (cell == null ? '-' : 'join' in cell ? `J${cell.join}` : cell.task)

function groupedRows(rows: string[][]): Array<{ label: string; cells: string[] }> {
  const groups: Array<{ first: number; last: number; cells: string[] }> = []
  for (const [client, cells] of rows.entries()) {
    const last = groups.at(-1)
    if (last != null && last.cells.join(' ') === cells.join(' ')) last.last = client
    else groups.push({ first: client, last: client, cells })
  }
  return groups.map(({ first, last, cells }) => ({ label: range(first, last), cells }))
}

/** @returns columns from and to, of each table that fits */
function blocksOf(rows: string[][], width: number): Array<[number, number]> {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  const blocks: Array<[number, number]> = [[0, 0]]
  let used = 0
  for (const [column, each] of widths.entries()) {
    const last = blocks.at(-1) as [number, number]
    const needs = 2 + Math.max(each, column === last[0] ? 'DOES'.length : 0)
    if (used + needs <= width || column === last[0]) {
      used += needs
      last[1] = column + 1
    } else {
      blocks.push([column, column + 1])
      used = 2 + Math.max(each, 'DOES'.length)
    }
  }
  return blocks
}

function drawWorkers(members: Assignment[], width: number): string[] {
  if (members.length === 0) return []
  const rows = members.map(({ host, workers }) => {
    const busy = workers.filter(each => each.length > 0)
    const clients = busy.reduce((sum, each) => sum + each.length, 0)
    const shown = busy.map(each => range(each[0] as number, each.at(-1) as number)).join(' ')
    return [host, clients, busy.length, shown]
  })
  return [formatTable(['MEMBER', 'CLIENTS', 'WORKERS', 'CLIENTS OF EACH WORKER'], rows, width)]
}

const range = (first: number, last: number) => (first === last ? String(first) : `${first}-${last}`)
