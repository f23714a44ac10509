/** The state of a run as a view shows it, reduced from its events, live or replayed. */
import type { Beside } from '../protocols/beside.ts'
import { describeChange } from '../protocols/changed-tools.ts'
import type { EndedEvent, RunEvent } from '../protocols/events.ts'
import type { Phase } from '../protocols/fields.ts'
import type { Stated } from '../protocols/metric.ts'
import { describeExit, type Part, type Step } from '../protocols/phase.ts'
import { describeShortfall } from '../protocols/shortfall.ts'
import { hasFailed, isOfTask } from '../protocols/work-entry.ts'
import { type JobsProgress, noJobs, reduceJobs } from './jobs/job-progress.ts'
import {
  endWork,
  isFailed,
  isSameSample,
  type MemberWork,
  noteStated,
  noteWork,
  planWork,
  restartWork
} from './member-work.ts'
import { visibleOutput } from './output.ts'
import { endElement, noTasks, noteLoad, type TaskProgress } from './task-progress.ts'
import { type Waiting, waitingOf } from './waiting.ts'

/** Phases in the state; a long run has thousands. */
const MAX_PHASES = 64
/** Lines of output, and of warnings, in the state. */
const MAX_TAIL_LINES = 4

export interface PhaseLine {
  seq: number
  phase: Phase
  step?: Step
  part?: Part
  /** Of a schedule of tasks. */
  element?: number
  /** Of a window of a trigger. */
  groups?: string[]
  when?: 'begin' | 'end'
  state: 'open' | 'met' | 'failed'
  asked: number
  ok: number
  /** Names of the members that have answered, while it is open. */
  answered: string[]
  /** When it was opened, by the controller's clock. */
  opened: number
  /** In ms, once it is over. */
  took?: number
  /** Why it failed. */
  reason?: string
  /** How the workload failed. */
  failure?: string
  /** Of work that the cancellation of the run ended: it is no failure. */
  isCancelled?: boolean
}

interface Trouble {
  name: string
  phase: Phase
  reason: string
  excluded: boolean
}

export interface Progress {
  run?: string
  name?: string
  created?: number
  /** Present and expected members, while the run waits for them. */
  waiting?: Waiting
  members: string[]
  phases: PhaseLine[]
  step?: Step
  /** Samples that were begun, and their number in the whole run. */
  begun: number
  steps?: number
  /** What the workloads of members do. */
  work: MemberWork
  /** How tasks go. */
  tasks: TaskProgress
  /** How jobs go. */
  jobs: JobsProgress
  troubles: Trouble[]
  /** Members that cannot be reached now, and since when, by the controller's clock. */
  lost: Array<{ name: string; since: number }>
  warnings: string[]
  /** What the workload says that it does now. */
  stated?: Stated
  /** Last lines of the workload's output. */
  tail: string[]
  unfinished: string
  /** Bytes of tarballs that the controller has received. */
  received: number
  /** Tarballs in transfer, by member. */
  transfers: Record<string, { done: number; total: number }>
  cancelled?: string
  ended?: EndedEvent
}

export const noProgress: Progress = {
  members: [],
  phases: [],
  begun: 0,
  work: new Map(),
  tasks: noTasks,
  jobs: noJobs,
  troubles: [],
  lost: [],
  warnings: [],
  tail: [],
  unfinished: '',
  received: 0,
  transfers: {}
}

export function reduce(state: Progress, told: RunEvent): Progress {
  const event = stoppedBy(state.cancelled, told)
  switch (event.type) {
    case 'created':
      return { ...state, run: event.run, name: event.name, created: event.at, steps: event.steps }
    case 'waiting':
      return { ...state, waiting: waitingOf(event) }
    case 'roster':
      return { ...state, waiting: undefined, members: event.members.map(({ name }) => name), work: planWork(event) }
    case 'phase-open':
      return openPhase(state, event)
    case 'ack':
      return noteAck(state, event)
    case 'phase-closed':
      return closePhase(state, event)
    case 'excluded':
      return noteTrouble(withoutLost(state, event.name), { ...event, excluded: true })
    case 'lost':
      return { ...state, lost: [...state.lost, { name: event.name, since: event.at }] }
    case 'returned':
      return withoutLost(state, event.name)
    case 'shortfall':
      return warn(state, `missing ${describeShortfall(event)}`)
    case 'refused':
      return warn(state, `refused ${event.what}: ${event.reason}`)
    case 'tools-changed':
      return warn(state, describeChange(event))
    case 'beside':
      return warn(state, describeBeside(event))
    case 'work':
      return { ...state, work: noteWork(state.work, event) }
    case 'load':
      return { ...state, tasks: noteLoad(state.tasks, event) }
    case 'graph':
    case 'job':
    case 'job-progress':
      return noteJobs(state, event)
    case 'join-point':
      return { ...state, tasks: endElement(state.tasks, event) }
    case 'workload-ended':
      return endWorkload(state, event)
    case 'received':
      return finishTransfer(state, event)
    case 'transfer':
      return { ...state, transfers: { ...state.transfers, [event.name]: { done: event.done, total: event.total } } }
    case 'warning':
      return warn(state, event.text)
    case 'stated':
      if (event.member != null) return { ...state, work: noteStated(state.work, event) }
      return { ...state, stated: { phase: event.phase, progress: event.progress } }
    case 'output':
      return noteOutput(state, visibleOutput(event))
    case 'cancel':
      return { ...state, cancelled: event.reason }
    case 'ended':
      return { ...state, ended: event, received: Math.max(state.received, event.bytes) }
    default:
      return state
  }
}

/** @param cancelled why the run is @returns the event: what a signal ended then was stopped, as servers are at the end of a sample */
export function stoppedBy(cancelled: string | undefined, event: RunEvent): RunEvent {
  if (cancelled == null || (event.type !== 'work' && event.type !== 'workload-ended') || event.signal == null)
    return event
  return { ...event, stopped: true }
}

const warn = (state: Progress, text: string): Progress => ({
  ...state,
  warnings: [...state.warnings, text].slice(-MAX_TAIL_LINES)
})

const withoutLost = (state: Progress, name: string): Progress => ({
  ...state,
  lost: state.lost.filter(each => each.name !== name)
})

/** In one line, for whoever follows a run. */
export const describeBeside = ({ run, controller, members }: Beside) =>
  `${run} of ${controller} measures at the same time on ${members.join(', ')}`

/** A workload that failed is a result: its phase was met, and is not shown as well. */
function endWorkload(state: Progress, result: Of<'workload-ended'>): Progress {
  const ended = { ...state, stated: undefined }
  const last = state.phases.findLast(({ phase }) => phase === 'work')
  if (isOfTask(result)) return endTask(ended, result)
  // each of them was told
  if (result.jobs) return ended
  if (result.member != null) {
    const work = endWork(state.work, result)
    const failed = [...work.values()].filter(isFailed).length
    if (last == null || failed === 0) return { ...ended, work }
    return updatePhase({ ...ended, work }, last.seq, () => ({ failure: `${failed} of ${work.size} failed` }))
  }
  if (last == null || last.failure != null || result.exit === 0) return ended
  return updatePhase(ended, last.seq, () => ({ failure: describeExit(result) }))
}

/** As of workloads: that the phase of the jobs was met is no verdict on them. */
function noteJobs(state: Progress, event: Of<'graph'> | Of<'job'> | Of<'job-progress'>): Progress {
  const jobs = reduceJobs(state.jobs, event)
  const noted = { ...state, jobs }
  if (event.type !== 'job' || event.state !== 'failed') return noted
  const last = state.phases.findLast(({ part }) => part === 'jobs')
  if (last == null) return noted
  return updatePhase(noted, last.seq, () => ({
    failure: `${jobs.now?.counts.failed} of ${jobs.now?.lines.length} jobs failed`
  }))
}

/** What failed of a task is told in the phase of its clients. */
function endTask(state: Progress, result: Of<'workload-ended'>): Progress {
  const last = state.phases.findLast(({ element }) => element != null)
  if (last == null || last.failure != null || !hasFailed(result)) return state
  return updatePhase(state, last.seq, () => ({ failure: `${result.name}: ${result.error ?? describeExit(result)}` }))
}

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }> & { at: number }

function openPhase(state: Progress, event: Of<'phase-open'>): Progress {
  const { seq, phase, step, part, element, groups, when, asked, at } = event
  const opened: PhaseLine = {
    ...{ seq, phase, step, part, element, groups, when, asked },
    ...{ state: 'open', ok: 0, answered: [], opened: at }
  }
  // a window of a trigger is within the sample of the command, and sent after it
  const isWindow = groups != null || phase === 'send'
  const isNew = step != null && !isWindow && !isSameSample(step, state.step)
  return {
    ...state,
    work: isNew ? restartWork(state.work) : state.work,
    tasks: isNew ? noTasks : state.tasks,
    waiting: undefined,
    phases: [...state.phases, opened].slice(-MAX_PHASES),
    step: (isWindow ? undefined : step) ?? state.step,
    begun: state.begun + (isNew ? 1 : 0)
  }
}

function noteAck(state: Progress, { seq, phase, name, outcome, reason, code }: Of<'ack'>): Progress {
  const noted = updatePhase(state, seq, line => ({
    answered: [...line.answered, name],
    ok: line.ok + (outcome === 'ok' ? 1 : 0)
  }))
  if (outcome === 'ok') return noted
  return noteTrouble(noted, { name, phase, reason: reason ?? code ?? outcome, excluded: false })
}

function closePhase(state: Progress, { seq, verdict, ok, asked, took, reason }: Of<'phase-closed'>): Progress {
  return updatePhase(state, seq, ({ phase }) => ({
    ...{ state: verdict, ok, asked, took, reason, answered: [] },
    isCancelled: phase === 'work' && state.cancelled != null
  }))
}

function updatePhase(state: Progress, seq: number, change: (line: PhaseLine) => Partial<PhaseLine>): Progress {
  return { ...state, phases: state.phases.map(line => (line.seq === seq ? { ...line, ...change(line) } : line)) }
}

/** Keeps the last trouble of each member, but an exclusion before any other. */
function noteTrouble(state: Progress, { name, phase, reason, excluded }: Trouble): Progress {
  const before = state.troubles.find(each => each.name === name)
  if (before?.excluded && !excluded) return state
  const others = state.troubles.filter(each => each.name !== name)
  return { ...state, troubles: [...others, { name, phase, reason, excluded }] }
}

function finishTransfer(state: Progress, { name, bytes }: Of<'received'>): Progress {
  const { [name]: _, ...transfers } = state.transfers
  return { ...state, received: state.received + bytes, transfers }
}

function noteOutput(state: Progress, text: string): Progress {
  const lines = (state.unfinished + text).split('\n')
  const unfinished = (lines.pop() as string).slice(-4096)
  const tail = [...state.tail, ...lines.slice(-MAX_TAIL_LINES).filter(line => line.trim() !== '')].slice(
    -MAX_TAIL_LINES
  )
  return { ...state, tail, unfinished }
}
