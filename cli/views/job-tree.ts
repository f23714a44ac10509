/** The graph of jobs as a tree: what a job needs is below it, once; where it is needed again a mark says so. */
import type { Applied } from '../../protocols/jobs/conditions.ts'
import { type JobGraph, neededBy } from '../../protocols/jobs/graph.ts'
import { type Condition, type Job, type JobRole, jobRole, type Need } from '../../protocols/jobs/job.ts'
import { quote } from '../dot.ts'

interface Drawn extends Applied {
  graph: JobGraph
}

/** A job as `--json` has it. */
export interface JobNodeView {
  job: string
  role: JobRole
  needs: string[]
  neededBy: string[]
  on: string
  slots: number
  outputs: string[]
  when?: Condition
}

/** In the order in which they could run; those that are left out are behind them. */
export function jobNodes({ jobs, graph, leftOut }: Drawn): Array<JobNodeView | { job: string; leftOut: string }> {
  const byName = new Map(jobs.map(each => [each.name, each]))
  const nodes = graph.order.map(name => {
    const { role, on, slots, outputs, when } = byName.get(name) as Job
    const needs = graph.needs.get(name) ?? []
    const dependents = graph.dependents.get(name) ?? []
    return { job: name, role, needs, neededBy: dependents, on, slots, outputs, ...(when == null ? {} : { when }) }
  })
  return [...nodes, ...leftOut.map(({ job, why }) => ({ job, leftOut: why }))]
}

/** @returns the lines, by role where there are several; linear in the jobs and what they need */
export function drawJobTree({ jobs, graph, leftOut }: Drawn): string {
  const byName = new Map(jobs.map(each => [each.name, each]))
  const seen = new Set<string>()
  const roles = jobRole.options.filter(role => jobs.some(each => each.role === role))
  const trees = roles.map(role => {
    const heads = jobs.filter(each => each.role === role && isHead(each, graph, byName))
    const lines = heads.flatMap(each => draw(each.name, role))
    return roles.length === 1 ? lines : [`${role}:`, ...lines.map(line => `  ${line}`)]
  })
  const left = leftOut.map(({ job, why }) => `${job}: left out: ${why}`)
  return [...trees.flat(), ...left].join('\n')

  function draw(first: string, role: JobRole): string[] {
    const lines: string[] = []
    const ahead = [{ name: first, depth: 0, need: undefined as Need | undefined }]
    for (let at = ahead.pop(); at != null; at = ahead.pop()) {
      const { name, depth, need } = at
      const job = byName.get(name) as Job
      const isAgain = seen.has(name) && neededBy(job).length > 0
      const notes = [...(job.role === role ? [] : [job.role]), ...notesOn(job, need), ...(isAgain ? ['above'] : [])]
      lines.push(`${'  '.repeat(depth)}${name}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`)
      if (seen.has(name)) continue
      // a job of another role is drawn with its own
      if (job.role !== role) continue
      seen.add(name)
      const below = (graph.needs.get(name) ?? []).map(each => ({
        name: each,
        depth: depth + 1,
        need: job.needs.find(({ job }) => job === each)
      }))
      ahead.push(...below.reverse())
    }
    return lines
  }
}

/** Of its role no other needs it. */
const isHead = ({ name, role }: Job, { dependents }: JobGraph, byName: Map<string, Job>) =>
  (dependents.get(name) ?? []).every(each => byName.get(each)?.role !== role)

function notesOn({ on, slots, when }: Job, need?: Need): string[] {
  return [
    ...(on === 'all' ? [] : [`on ${on}`]),
    ...(slots === 1 ? [] : [`${slots} slots`]),
    ...(when == null ? [] : [`when ${inWords(when)}`]),
    ...(need?.when == null ? [] : [`needed when ${inWords(need.when)}`])
  ]
}

/** `a member fits arch=arm64 and CI is set` */
function inWords({ label, env }: Condition): string {
  const variables =
    env == null
      ? []
      : typeof env === 'string'
        ? [`${env} is set`]
        : Object.entries(env).map(([name, value]) => `${name} is ${JSON.stringify(value)}`)
  return [...(label == null ? [] : [`a member fits ${label}`]), ...variables].join(' and ')
}

/** A directed edge from each job to those that need it, which is where its outputs go. */
export function formatJobDot({ jobs, graph }: Drawn): string {
  const nodes = jobs.map(({ name, role }) => `  ${quote(name)}${role === 'work' ? '' : ` [style=dashed]`};`)
  const edges = graph.order.flatMap(job =>
    (graph.needs.get(job) ?? []).map(need => `  ${quote(need)} -> ${quote(job)};`)
  )
  return ['digraph jobs {', '  rankdir=LR;', '  node [shape=box];', ...nodes, ...edges, '}'].join('\n')
}
