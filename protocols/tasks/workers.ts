/** Which member has which clients, and in which of its worker threads. Pure: from the roster, so that everybody computes it alike. */
import { clientsOf } from './allocation.ts'
import { type Element, elementsOf, type TaskSpec } from './elements.ts'
import { loadOf } from './task.ts'

/** Samples of one task that are kept as they are, of all members together; what is beyond is in histograms. */
export const EXACT_SAMPLES = 1_000_000

export interface Host {
  host: string
  /** Worker threads that it can have. */
  cores: number
}

export interface Assignment {
  host: string
  /** For each worker its clients, whose numbers follow each other. */
  workers: number[][]
}

/** Hosts are filled one after the other, each with an even share, rounded up: the last may get fewer, or none. */
export function assignWorkers(hosts: Host[], clients: number): Assignment[] {
  const most = Math.ceil(clients / hosts.length)
  let next = 0
  return hosts.map(({ host, cores }) => {
    const here = Math.min(most, clients - next)
    const workers = Array.from({ length: cores }, (_, worker) => {
      const count = Math.floor(here / cores) + (worker < here % cores ? 1 : 0)
      const own = Array.from({ length: count }, (_, i) => next + i)
      next += count
      return own
    })
    return { host, workers }
  })
}

/** What of an entry of the roster says which clients it gets. */
interface Loader {
  name: string
  load?: number | undefined
  capabilities: { cores: number }
}

/** @returns the members that can have clients, in the order in which they get them */
export function loadersOf(spec: Pick<TaskSpec, 'load'>, roster: Loader[]): Host[] {
  const most = loadOf(spec).cores ?? Number.POSITIVE_INFINITY
  return roster
    .filter(({ load }) => load != null)
    .sort((one, other) => (one.load as number) - (other.load as number))
    .map(({ name: host, capabilities: { cores } }) => ({ host, cores: Math.max(1, Math.min(cores, most)) }))
}

export interface LoadPlan {
  elements: Element[]
  /** Of the run. */
  clients: number
  /** In the order of their ranks. */
  members: Assignment[]
}

/** @param params settings of the iteration @throws {BakError} as elementsOf */
export function loadPlanOf(spec: TaskSpec, hosts: Host[], params: Record<string, string> = {}): LoadPlan {
  const elements = elementsOf(spec, params)
  const clients = clientsOf(elements)
  return { elements, clients, members: assignWorkers(hosts, clients) }
}

/** @returns for each member the clients of the run that it has in a task; members without one are left out */
export function clientsIn({ elements, clients, members }: LoadPlan, task: string): Map<string, number[]> {
  const tasks = elements.map(each => each.tasks).find(each => each.some(({ name }) => name === task)) ?? []
  const at = tasks.findIndex(({ name }) => name === task)
  const first = tasks.slice(0, at).reduce((sum, each) => sum + each.clients, 0)
  const logical = Array.from({ length: tasks[at]?.clients ?? 0 }, (_, i) => first + i)
  const has = new Set(logical.map(each => each % clients))
  const all = members.map(({ host, workers }) => [host, workers.flat().filter(each => has.has(each))] as const)
  return new Map(all.filter(([, its]) => its.length > 0))
}

/** @returns for each task how many samples a member that has clients of it brings as they are */
export const exactShares = (plan: LoadPlan): Record<string, number> =>
  Object.fromEntries(
    plan.elements
      .flatMap(({ tasks }) => tasks)
      .map(({ name }) => [name, Math.floor(EXACT_SAMPLES / Math.max(1, clientsIn(plan, name).size))])
  )
