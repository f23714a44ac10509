/**
 * Which client does what in which element: a row for each client of the run, a join point before, between and behind the elements. Where an
 * element has more clients than the run, a client does several tasks of it, one after the other. Pure.
 */
import type { Element, PlannedTask } from './elements.ts'

/** A client as one of those of a task. */
export interface ClientOfTask {
  task: string
  clientIndexInTask: number
  /** Among the clients of all tasks of the element. */
  globalClientIndex: number
  /** Of the element. */
  totalClients: number
}

export interface JoinPoint {
  join: number
  /** Clients of the task that completes the element before it, or of all its tasks where any of them does. */
  completing?: number[]
  any?: number[]
}

/** null is nothing to do until the join point. */
export type Cell = JoinPoint | ClientOfTask | null

export interface Allocation {
  /** Of the run: as many as its largest element has. */
  clients: number
  joinPoints: number
  /** A row for each client. */
  matrix: Cell[][]
}

/** @returns how many clients the run has */
export const clientsOf = (elements: Element[]): number =>
  elements.reduce((most, each) => Math.max(most, each.clients), 0)

export function allocationOf(elements: Element[]): Allocation {
  const clients = clientsOf(elements)
  const matrix = Array.from({ length: clients }, (): Cell[] => [{ join: 0 }])
  for (const element of elements) {
    const { columns, last } = columnsOf(element, clients)
    for (const [client, row] of matrix.entries()) row.push(...(columns[client] as Cell[]), last)
  }
  return { clients, joinPoints: elements.length + 1, matrix }
}

/** @returns what each client does in an element, and the join point behind it */
function columnsOf(element: Element, clients: number): { columns: Cell[][]; last: JoinPoint } {
  const columns = Array.from({ length: clients }, (): Cell[] => [])
  const completing: number[] = []
  let logical = 0
  for (const { name, clients: own } of element.tasks)
    for (let clientIndexInTask = 0; clientIndexInTask < own; clientIndexInTask++, logical++) {
      const cell = { task: name, clientIndexInTask, globalClientIndex: logical, totalClients: element.clients }
      columns[logical % clients]?.push(cell)
      if (element.completedBy === 'any' || element.completedBy === name) completing.push(logical % clients)
    }
  if (logical % clients > 0) for (let idle = logical % clients; idle < clients; idle++) columns[idle]?.push(null)
  const join = element.number
  if (completing.length === 0) return { columns, last: { join } }
  return { columns, last: element.completedBy === 'any' ? { join, any: completing } : { join, completing } }
}

/** What one client has to do in one element. */
export interface ClientTask {
  task: PlannedTask
  /** Among the clients of the task. */
  index: number
  /** Seconds after the begin of the element at which it may begin: its part of the ramp-up. */
  wait: number
  /** Its end may end the others: it is of the task that completes the element, or any task does. */
  isCompleting: boolean
}

/** @returns what a client of the run has to do in an element, in this order; nothing where it is idle */
export function tasksOfClient(element: Element, clients: number, client: number): ClientTask[] {
  const found: ClientTask[] = []
  // with a limit of its own an element may still have as many as the run has
  const atOnce = Math.min(
    clients,
    element.tasks.reduce((sum, task) => sum + task.clients, 0)
  )
  let first = 0
  for (const task of element.tasks) {
    for (let logical = firstOf(first, client, clients); logical < first + task.clients; logical += clients) {
      // who comes to a second task has begun already
      const wait = logical < clients ? (task.rampUp * logical) / atOnce : 0
      const isCompleting = element.completedBy === 'any' || element.completedBy === task.name
      found.push({ task, index: logical - first, wait, isCompleting })
    }
    first += task.clients
  }
  return found
}

/** @returns the lowest number from `least` on that leaves the remainder `client` */
const firstOf = (least: number, client: number, clients: number) =>
  least + ((((client - least) % clients) + clients) % clients)
