/** The graph of jobs: who needs whom, in which order they can run, and a circle among them. Pure, and linear in jobs and edges. */
import type { Job } from './job.ts'

/** What the graph is read from. */
export type JobNode = Pick<Job, 'name' | 'needs' | 'inputs'>

export interface JobGraph {
  /** Each job behind those that it needs; otherwise as they are given. */
  order: string[]
  /** The jobs of this graph that a job needs, each once, as they are given. */
  needs: Map<string, string[]>
  /** The jobs that need it themselves, in the order of the graph. */
  dependents: Map<string, string[]>
  /** Jobs that no other needs. */
  roots: string[]
}

/** @returns the jobs that a job needs, also by its inputs, each once; those of earlier graphs are among them */
export function neededBy({ needs, inputs }: Omit<JobNode, 'name'>): string[] {
  const byInputs = inputs.flatMap(input => ('job' in input && input.job != null ? [input.job] : []))
  return [...new Set([...needs.map(({ job }) => job), ...byInputs])]
}

/** @param jobs of different names, without a circle; what they need of others, such as jobs of an earlier graph, is no part of it */
export function graphOfJobs(jobs: readonly JobNode[]): JobGraph {
  const needs = needsIn(jobs)
  const order: string[] = []
  walk(needs, { leave: job => order.push(job) })
  const dependents = new Map(order.map(job => [job, [] as string[]]))
  for (const job of order) for (const need of needs.get(job) ?? []) dependents.get(need)?.push(job)
  const roots = jobs.map(({ name }) => name).filter(name => dependents.get(name)?.length === 0)
  return { order, needs, dependents, roots }
}

/** @returns a circle, such as `a b c a` where a needs b, b needs c, and c needs a; also `a a`. undefined if there is none */
export function cycleIn(jobs: readonly JobNode[]): string[] | undefined {
  let found: string[] | undefined
  walk(needsIn(jobs), {
    close: path => {
      found ??= path
    }
  })
  return found
}

/** @returns all that a job needs, or all that need it, and what these do, in the order of the graph, without itself */
export function reachable({ order }: JobGraph, edges: Map<string, string[]>, from: string): string[] {
  const seen = new Set([from])
  const ahead = [from]
  for (let job = ahead.pop(); job != null; job = ahead.pop()) {
    for (const next of edges.get(job) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      ahead.push(next)
    }
  }
  seen.delete(from)
  return order.filter(job => seen.has(job))
}

function needsIn(jobs: readonly JobNode[]): Map<string, string[]> {
  const names = new Set(jobs.map(({ name }) => name))
  return new Map(jobs.map(job => [job.name, neededBy(job).filter(need => names.has(need))]))
}

interface Visitor {
  /** All that a job needs was left before. */
  leave?(job: string): void
  /** A job needs one that is not left yet. */
  close?(path: string[]): void
}

/** Depth first, without recursion: a chain may be as long as there are jobs. */
function walk(needs: Map<string, string[]>, { leave, close }: Visitor): void {
  const open = new Set<string>()
  const left = new Set<string>()
  for (const first of needs.keys()) {
    if (left.has(first)) continue
    const path = [{ job: first, next: 0 }]
    open.add(first)
    for (let at = path.at(-1); at != null; at = path.at(-1)) {
      const need = needs.get(at.job)?.[at.next++]
      if (need == null) {
        path.pop()
        open.delete(at.job)
        left.add(at.job)
        leave?.(at.job)
      } else if (open.has(need)) {
        const circle = path.map(({ job }) => job)
        close?.([...circle.slice(circle.indexOf(need)), need])
      } else if (!left.has(need)) {
        open.add(need)
        path.push({ job: need, next: 0 })
      }
    }
  }
}
