/**
 * What a run would do if it began now: the same roster, waits, missing tools and verdict, from the same rules, without asking anybody to
 * join. Pure.
 */
import type { ToolsChecked } from '../../protocols/check-tools.ts'
import type { MemberView, Plan } from '../../protocols/control.ts'
import type { Candidate } from '../../protocols/manifest.ts'
import { plannedSamples } from '../../protocols/matrix/due-samples.ts'
import { mostSamples } from '../../protocols/matrix/sampling.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { Shortfall } from '../../protocols/shortfall.ts'
import type { Spec } from '../../protocols/spec.ts'
import { loadersOf } from '../../protocols/tasks/workers.ts'
import type { Trigger } from '../../protocols/trigger.ts'
import { triggeredGroups, triggerOf } from '../../protocols/triggered.ts'
import { statusOf } from '../../protocols/verdict.ts'
import { sizeOfWorkload } from '../work/workloads/assign.ts'
import { attendanceOfRun, isComplete, isEnough, sizeOf, whyTooFew } from './attendance.ts'
import { estimateOf } from './estimate.ts'
import { patienceOf } from './expect.ts'
import { plannedJobs } from './jobs/planned-jobs.ts'
import { describePhase, planOf } from './plan.ts'
import { candidatesOf, neededBy, whyNotPlaced, withDriver } from './roster.ts'
import { absencesOf, lackOf, ranklessOverrides } from './shortfalls.ts'

/** What a candidate answered; `error` if it did not. */
export type Checked = ToolsChecked | { error: string }

export interface ForecastInit {
  spec: Spec
  members: MemberView[]
  self: { peer: string; name: string }
  /** By peer id; without an answer of a candidate nothing is known of its tools. */
  checked: Map<string, Checked>
  /** Collectors that its tools need and this peer lacks. */
  collectors?: Shortfall[]
  /** Slots for jobs of those that said how many they have, by peer id. */
  slots?: ReadonlyMap<string, number>
  /** Runs of the same name on this peer. */
  earlier?: RunRecord[]
}

/** @returns those whose tools a forecast needs to know */
export const candidatesNow = ({
  spec,
  members,
  self
}: Omit<ForecastInit, 'checked' | 'collectors' | 'earlier' | 'slots'>) =>
  withDriver(candidatesOf(spec, attendanceOfRun(spec, members).here), self.peer, self.name)

export function forecast(init: ForecastInit): Plan {
  const { spec, members, checked } = init
  const { on, expect, policy } = spec
  const attendance = attendanceOfRun(spec, members)
  const size = sizeOf(attendance, expect)
  const candidates = candidatesNow(init)
  const planned = candidates.map(({ peer, name, tools, workloads, driver }, rank) => {
    const answer = checked.get(peer)
    const missing = answer != null && 'tools' in answer ? answer.tools.filter(({ usable }) => !usable) : []
    const excluded = whyExcluded(spec, answer, missing)
    return { peer, name, rank, tools, workloads, missing, driver, excluded }
  })
  const needed = neededBy(policy.quorum, candidates, size)
  const out = planned.filter(({ excluded }) => excluded != null)
  const enough = isEnough(attendance, { quorum: policy.quorum, expect })
  const waits = !isComplete(attendance, expect) || !enough
  const wait = waits ? patienceOf(spec, attendance) : undefined
  const unplaced = whyNotPlaced(spec, attendance.here)
  const isMet = enough && unplaced == null && candidates.length - out.length >= needed
  const jobs = plannedJobs(spec, attendance.here, init.slots)
  const verdict = !isMet ? 'quorum' : jobs?.stranded == null ? 'ok' : 'workload-failed'
  const about = { on, quorum: policy.quorum, expect, waited: wait }
  const refusals = out.map(({ name, excluded }) => `${name}: ${excluded}`).join('; ')
  return {
    members: planned,
    wait,
    shortfalls: [
      ...absencesOf(spec, attendance),
      ...ranklessOverrides(spec, candidates.length),
      ...planned.flatMap(({ name, missing }) => missing.map(each => lackOf(name, each))),
      ...(init.collectors ?? [])
    ],
    ...{ verdict, status: statusOf(verdict), partial: out.length > 0 || attendance.here.length < size },
    reason: isMet
      ? jobs?.stranded
      : !enough
        ? whyTooFew(attendance, about)
        : (unplaced ?? `${needed} members must join; ${refusals}`),
    needed,
    phases: planOf(spec).map(describePhase),
    triggers: triggersOf(spec, candidates),
    iterations: matrixOf(spec),
    order: spec.order,
    seed: spec.seed,
    estimate: estimateOf(spec, init.earlier ?? []),
    command: spec.command,
    loaders: loadersNow(spec, candidates, members),
    jobs: jobs?.jobs,
    workloads: spec.workload.map(({ name, role, command }) => ({
      ...{ name, role, command },
      members: candidates.filter(({ workloads }) => workloads?.some(each => each.name === name)).length,
      instances: sizeOfWorkload(name, candidates)
    }))
  }
}

function loadersNow(spec: Spec, candidates: Candidate[], members: MemberView[]): Plan['loaders'] {
  const cores = new Map(members.map(({ peer, cores }) => [peer as string, cores]))
  const known = candidates.map(each => ({ ...each, capabilities: { cores: cores.get(each.peer) ?? 1 } }))
  return spec.task.length === 0 ? undefined : loadersOf(spec, known)
}

function triggersOf(spec: Spec, candidates: Candidate[]): Plan['triggers'] {
  const found = triggeredGroups(spec, candidates).flatMap(group => ({ group, ...(triggerOf(spec, group) as Trigger) }))
  return found.length === 0 ? undefined : found
}

function matrixOf(spec: Spec): Plan['iterations'] {
  const planned = Map.groupBy(plannedSamples(spec), ({ number }) => number)
  const most = mostSamples(spec)
  return spec.iterations.map(({ name, args, params }, i) => {
    const samples = (planned.get(i + 1) ?? []).filter(({ warmup }) => warmup == null).length
    return { number: i + 1, name, args, params, warmup: spec.warmup, samples, most }
  })
}

function whyExcluded({ policy }: Spec, answer: Checked | undefined, missing: Plan['members'][number]['missing']) {
  if (answer == null) return undefined
  if ('error' in answer) return answer.error
  if (answer.refused != null) return answer.refused
  if (missing.length === 0 || policy.on_missing_tool === 'continue') return undefined
  return missing.map(({ tool, reason }) => reason ?? tool).join('; ')
}
