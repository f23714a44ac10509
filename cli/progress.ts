/** The state of a run as a view shows it, reduced from its events, live or replayed. */
import type { EndedEvent, RunEvent } from '../protocols/events.ts'
import type { Phase } from '../protocols/fields.ts'
import type { Step } from '../protocols/phase.ts'
import { formatObserved, formatVerdict } from './format.ts'
import { visibleOutput } from './output.ts'

/** Phases in the state; a long run has thousands. */
const MAX_PHASES = 64
/** Lines of output, and of warnings, in the state. */
const MAX_TAIL_LINES = 4

export interface PhaseLine {
  seq: number
  phase: Phase
  step?: Step
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
  waiting?: { present: number; expect: number }
  members: string[]
  phases: PhaseLine[]
  step?: Step
  /** Samples that were begun, and their number in the whole run. */
  begun: number
  steps?: number
  troubles: Trouble[]
  /** Members without a connection to the controller, as it last reported. */
  lost: number
  warnings: string[]
  /** Last lines of the workload's output. */
  tail: string[]
  unfinished: string
  /** Bytes of tarballs that the controller has received. */
  received: number
  /** Tarballs in transfer, by member. */
  transfers: Record<string, { done: number; total: number }>
  cancelled?: string
  ended?: EndedEvent
  /** How the last workload ended. */
  exit?: { exit?: number; signal?: string }
}

export const noProgress: Progress = {
  members: [],
  phases: [],
  begun: 0,
  troubles: [],
  lost: 0,
  warnings: [],
  tail: [],
  unfinished: '',
  received: 0,
  transfers: {}
}

export function reduce(state: Progress, event: RunEvent): Progress {
  switch (event.type) {
    case 'created':
      return { ...state, run: event.run, name: event.name, created: event.at, steps: event.steps }
    case 'waiting':
      return { ...state, waiting: { present: event.present, expect: event.expect } }
    case 'roster':
      return { ...state, waiting: undefined, members: event.members.map(({ name }) => name) }
    case 'phase-open':
      return openPhase(state, event)
    case 'ack':
      return noteAck(state, event)
    case 'phase-closed':
      return closePhase(state, event)
    case 'excluded':
      return noteTrouble(state, { ...event, excluded: true })
    case 'workload-ended':
      return { ...state, exit: { exit: event.exit, signal: event.signal } }
    case 'received':
      return finishTransfer(state, event)
    case 'transfer':
      return { ...state, transfers: { ...state.transfers, [event.name]: { done: event.done, total: event.total } } }
    case 'pulse':
      return { ...state, lost: event.lost, received: Math.max(state.received, event.bytes) }
    case 'warning':
      return { ...state, warnings: [...state.warnings, event.text].slice(-MAX_TAIL_LINES) }
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

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }> & { at: number }

function openPhase(state: Progress, { seq, phase, step, when, asked, at }: Of<'phase-open'>): Progress {
  const opened: PhaseLine = { seq, phase, step, when, asked, state: 'open', ok: 0, answered: [], opened: at }
  const isNew = step != null && (step.number !== state.step?.number || step.sample !== state.step?.sample)
  return {
    ...state,
    waiting: undefined,
    phases: [...state.phases, opened].slice(-MAX_PHASES),
    step: step ?? state.step,
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
  return updatePhase(state, seq, () => ({ state: verdict, ok, asked, took, reason, answered: [] }))
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

/** @returns how many members are still in the run */
export const countPresent = ({ members, troubles, lost }: Progress) =>
  Math.max(0, members.length - troubles.filter(({ excluded }) => excluded).length - lost)

/** @returns bytes received, with the received part of tarballs in transfer */
export const countBytes = ({ received, transfers }: Progress) =>
  Object.values(transfers).reduce((sum, { done }) => sum + done, received)

/** @returns ms since the run was created; its duration if it has ended */
export const elapsedAt = ({ created, ended }: Progress, now: number) =>
  ended?.took ?? Math.max(0, now - (created ?? now))

/** The last lines: the verdict with the excluded members and why; the folder of the result alone, so that it can be copied. */
export function conclude(
  run: string,
  { verdict, took, reason, partial, excluded, folder, holder, observed }: EndedEvent,
  duration: (ms: number) => string
): string[] {
  const missing = excluded.map(({ name, phase, reason }) => `${name} (${phase}: ${reason})`).join(', ')
  const summary = [
    `run ${run}: ${formatVerdict(verdict)}${partial ? ', partial' : ''} in ${duration(took)}`,
    reason == null ? '' : `: ${reason}`,
    missing === '' ? '' : `; without ${missing}`,
    observed == null ? '' : `; ${formatObserved(observed)}`
  ].join('')
  const where = folder !== '' ? folder : holder == null ? undefined : `the result is on ${holder}`
  return [summary, ...(where == null ? [] : [where])]
}
