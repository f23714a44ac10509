/** What a graph is run with: of its run the jobs that apply, the members, what they find in their inputs, and what is known already. */
import { neededBy } from '../../../protocols/jobs/graph.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { jobsOf } from '../../../protocols/jobs/job.ts'
import { variablesOf } from '../../../protocols/jobs/job-variables.ts'
import { plannedSamples } from '../../../protocols/matrix/due-samples.ts'
import type { Spec } from '../../../protocols/spec.ts'
import type { RunContext } from '../run-context.ts'
import type { GraphRunInit } from './graph-init.ts'
import { jobMembersOf } from './job-members.ts'

export function graphRunInit(
  graph: GraphAt,
  run: Pick<RunContext, 'id' | 'order' | 'record' | 'active' | 'selectable' | 'parts' | 'jobs' | 'given'>,
  on: GraphRunInit['on']
): GraphRunInit {
  const { spec } = run.order
  const { signer, streams, jobRecords } = run.parts
  const iteration = graph.step == null ? undefined : spec.iterations[graph.step.number - 1]
  const { fail_fast: failFast } = jobsOf(spec)
  return {
    ...{ run: run.id, graph, self: signer.peer, on, failFast },
    ...run.jobs.of(graph),
    members: jobMembersOf(run.record.roster, run),
    open: peer => streams.to(peer),
    variablesOf: job => variablesOf(job, spec, iteration),
    given: run.given,
    earlier: graph.role === 'setup' ? new Map() : run.jobs.finishedOf({ role: 'setup' }),
    cache: mayReuse(spec, graph),
    ...(jobsOf(spec).cache ? { uncached: 'it is measured more than once' } : {}),
    lostTimeoutMs: spec.policy.lost_timeout * 1000,
    known: keys => jobRecords.byKeys(keys),
    latest: (job, isSame) => jobRecords.latestOf(job, isSame),
    wanted: neededLater(spec, graph),
    took: result => jobRecords.hasTaken(result)
  }
}

/** @returns the jobs whose outputs a later graph has in its inputs, or workloads get */
function neededLater(spec: Pick<Spec, 'job' | 'stage_outputs'>, { role }: GraphAt): Set<string> {
  if (role !== 'setup') return new Set()
  const later = spec.job.filter(job => job.role !== role)
  return new Set([...later.flatMap(neededBy), ...(spec.stage_outputs ?? []).map(({ job }) => job)])
}

/** Of what is measured more than once no result is taken: it would be measured once. */
export function mayReuse(spec: Spec, { role }: Pick<GraphAt, 'role'>): boolean {
  if (!jobsOf(spec).cache) return false
  return role !== 'work' || (plannedSamples(spec).length === 1 && spec.max_stddev == null)
}
