/** The order of a run's phases, as data: the driver walks it, `--dry-run` prints it. Nothing else knows the order. */
import type { Phase } from '../../protocols/fields.ts'
import { hasRole } from '../../protocols/jobs/job.ts'
import { iterationFolder, stepFolder } from '../../protocols/layout.ts'
import { plannedSamples } from '../../protocols/matrix/due-samples.ts'
import type { PhaseAt, Step } from '../../protocols/phase.ts'
import type { Spec } from '../../protocols/spec.ts'
import { isStaging } from '../../protocols/stage-paths.ts'
import type { Edge } from '../../protocols/trigger.ts'
import { hasTasks } from '../work/tasks/loaders.ts'
import { ANSWER_MARGIN_MS, JOBS_ROW, workOf } from './plan-work.ts'

/** A member that cannot be reached when the workload ends may return in this time, ms: a benchmark may cut the network. */
const STOP_GRACE_MS = 5_000

export interface PlannedPhase extends PhaseAt {
  /** Of `work`: whoever answers well first ends it for all. */
  first?: boolean
  /**
   * Who is asked. `candidates`: all whom the offer names. `members`: all who still take part; of a part those that have some of it. `controller`:
   * it alone. `everyone`: the excluded, too.
   */
  who: 'candidates' | 'members' | 'controller' | 'everyone'
  /** It happens although the run has failed before: of a sample that had begun, or of the run. It waits for all who can still answer. */
  always?: 'sample' | 'run'
  /** Longest wait for answers, ms; 0 is for ever. */
  deadline: number
  /** A member that sends or fetches prolongs its own deadline, and none beyond this time after the command, ms. */
  limit?: number
  /** For so long after the command a member that cannot be reached is not given up, ms. */
  grace: number
}

/** @returns all phases of a run in which each sample is good, in order */
export const planOf = (spec: Spec): PlannedPhase[] => [...phasesOf(spec, plannedSamples(spec))]

/** @returns what the output of a command that goes on has said since the last call; nothing once it has ended */
export type NextEdges = () => Pick<Edge, 'group' | 'what' | 'sample'>[] | undefined

/**
 * @param steps samples as they become due
 * @param edges of a command whose output says when tools start and stop: asked for after each `work` of it
 * @returns all phases of a run, in order: each sample is asked for when the one before is over
 */
export function* phasesOf(spec: Spec, steps: Iterable<Step>, edges?: NextEdges): Generator<PlannedPhase> {
  const { join_timeout, phase_timeout, send_timeout, send_limit, stage_limit } = spec.policy
  const usual = { who: 'members', deadline: phase_timeout * 1000, grace: 0 } as const
  const limit = send_limit * 1000
  // workloads have their own time to end by a signal, and clients of tasks to bring what they measured
  const isLong = spec.workload.length > 0 || hasTasks(spec)
  const stopDeadline = usual.deadline + (isLong ? ANSWER_MARGIN_MS : 0)
  const sending = { deadline: send_timeout * 1000, limit }
  const snapshot = (when: 'begin' | 'end'): PlannedPhase[] =>
    spec.sysinfo === 'none'
      ? []
      : [{ ...usual, phase: 'sysinfo', when, limit, ...(when === 'end' ? { always: 'run' } : {}) }]
  const graph = (when: 'begin' | 'end'): PlannedPhase[] =>
    hasRole(spec, when === 'begin' ? 'setup' : 'report') ? [{ ...usual, phase: 'work', ...JOBS_ROW, when }] : []
  function* sample(step: Step): Generator<PlannedPhase> {
    const samples = new Set([step.sample])
    yield { ...usual, phase: 'start', step }
    for (const each of workOf(spec, step)) {
      const work = { ...usual, ...each, phase: 'work' as const, step }
      yield work
      if (each.part != null) continue
      for (let said = edges?.(); said != null; said = edges?.()) {
        for (const { what, group, sample } of said) {
          samples.add(sample)
          yield { ...usual, phase: what, step: { ...step, sample }, groups: [group] }
        }
        yield work
      }
    }
    yield { ...usual, phase: 'stop', step, always: 'sample', deadline: stopDeadline, grace: STOP_GRACE_MS }
    for (const sample of [...samples].sort((a, b) => a - b))
      yield { ...usual, phase: 'send', step: { ...step, sample }, always: 'sample', ...sending }
  }
  yield { ...usual, phase: 'join', who: 'candidates', deadline: join_timeout * 1000 }
  yield { ...usual, phase: 'stage', ...(isStaging(spec) ? { limit: stage_limit * 1000 } : {}) }
  yield* graph('begin')
  if (spec.stage_outputs.length > 0) yield { ...usual, phase: 'stage', when: 'begin', limit: stage_limit * 1000 }
  yield* snapshot('begin')
  yield { ...usual, phase: 'init' }
  for (const step of steps) yield* sample(step)
  // members send what persistent tools wrote
  yield { ...usual, phase: 'end', always: 'run', ...sending }
  yield* snapshot('end')
  yield* graph('end')
  yield { ...usual, phase: 'terminate', who: 'everyone', always: 'run' }
}

/** @returns a phase in a few words, as people see it: `start 1-default/1`, `work clients 1-default/1`, `work tasks 2 1-default/1` */
export function describePhase({ phase, step, part, element, groups, when }: PhaseAt): string {
  const of = part == null || element == null ? (part ?? groups?.join(' ')) : `${part} ${element}`
  if (step != null)
    return `${phase}${of == null ? '' : ` ${of}`} ${iterationFolder(step)}/${step.warmup ? 'warmup' : ''}${step.sample}`
  return [phase, of, when].filter(each => each != null).join(' ')
}

/** @returns the phase that is open once this one is over, as far as it is known elsewhere: `work` is commanded to nobody else */
export const openAfter = ({ phase, verdict }: { phase: Phase; verdict: 'met' | 'failed' }): Phase =>
  phase === 'start' && verdict === 'met' ? 'work' : phase

export const isSameStep = (one: Step | undefined, other: Step | undefined) =>
  one != null && other != null && stepFolder(one) === stepFolder(other)
