/** The graph of jobs as a tree: what a job needs is below it, once; where it is needed again a mark says so. */
import type { Applied } from '../../protocols/jobs/conditions.ts'
import { type JobGraph, neededBy } from '../../protocols/jobs/graph.ts'
import { type Condition, type Job, type JobRole, jobRole } from '../../protocols/jobs/job.ts'
import { quote } from '../dot.ts'

interface Drawn extends Applied {
  /** As the file has them: those that are left out, and needs whose condition does not hold, are among them. */
  all: Job[]
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

/** @returns the lines, by role where there are several; as many as jobs and needs at most */
export function drawJobTree(drawn: Drawn): string {
  const { all, jobs, graph, leftOut } = drawn
  const byName = new Map(jobs.map(each => [each.name, each]))
  const inFile = new Map(all.map(each => [each.name, each]))
  const seen = new Set<string>()
  const roles = jobRole.options.filter(role => jobs.some(each => each.role === role))
  const trees = roles.map(role => {
    const heads = jobs.filter(each => each.role === role && isHead(each, graph, byName))
    const lines = heads.flatMap(each => draw(each))
    return roles.length === 1 ? lines : [`${role}:`, ...lines.map(line => `  ${line}`)]
  })
  return [...trees.flat(), ...leftOut.map(({ job, why }) => `${job} (left out: ${why})`)].join('\n')

  function draw(head: Job): string[] {
    const lines: string[] = []
    const ahead: Array<{ name: string; depth: number; by?: Job | undefined }> = [{ name: head.name, depth: 0 }]
    for (let at = ahead.pop(); at != null; at = ahead.pop()) {
      const { name, depth, by } = at
      const job = byName.get(name)
      const isNeeded = by == null || graph.needs.get(by.name)?.includes(name) === true
      // a job of another role is drawn with its own
      const isOther = job == null || job.role !== head.role
      const below = isOther || !isNeeded || seen.has(name) ? [] : neededBy(inFile.get(name) as Job)
      const isAgain = !isOther && isNeeded && seen.has(name) && (graph.needs.get(name) ?? []).length > 0
      const notes = [
        ...(job != null && isOther ? [`of ${job.role}`] : []),
        ...(job == null || isAgain || isOther ? [] : notesOn(job)),
        ...conditionsOf(name, by).map(condition => `if ${inWords(condition)}`),
        ...(isNeeded ? [] : ['not needed now']),
        ...(isAgain ? ['as above'] : [])
      ]
      lines.push(`${'  '.repeat(depth)}${name}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`)
      if (!isOther && isNeeded) seen.add(name)
      ahead.push(...below.reverse().map(each => ({ name: each, depth: depth + 1, by: job })))
    }
    return lines
  }

  function conditionsOf(name: string, by?: Job): Condition[] {
    const needs = inFile.get(by?.name ?? '')?.needs ?? []
    return needs.flatMap(need => (need.job === name && 'when' in need && need.when != null ? [need.when] : []))
  }
}

/** Of its role no other needs it. */
const isHead = ({ name, role }: Job, { dependents }: JobGraph, byName: Map<string, Job>) =>
  (dependents.get(name) ?? []).every(each => byName.get(each)?.role !== role)

function notesOn({ on, slots, when }: Job): string[] {
  return [
    ...(on === 'all' ? [] : [`on ${on}`]),
    ...(slots === 1 ? [] : [`${slots} slots`]),
    ...(when == null ? [] : [`when ${inWords(when)}`])
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
  const nodes = jobs.map(({ name, role }) => `  ${quote(name)}${role === 'work' ? '' : ' [style=dashed]'};`)
  const edges = graph.order.flatMap(job =>
    (graph.needs.get(job) ?? []).map(need => `  ${quote(need)} -> ${quote(job)};`)
  )
  return ['digraph jobs {', '  rankdir=LR;', '  node [shape=box];', ...nodes, ...edges, '}'].join('\n')
}
