/**
 * Which command is legal in which state of a member. After pbench's Tool Meister: startup, idle, running, shutdown; a command that is
 * not legal is refused and changes nothing. A member is `orphaned` when its lease is over: its tools are stopped and its data is kept,
 * until the run ends here or another controller adopts it.
 */
import type { Phase } from '../../protocols/fields.ts'
import type { Command } from '../../protocols/phase.ts'

export const states = ['new', 'joined', 'ready', 'idle', 'running', 'orphaned', 'ended', 'gone'] as const
export type State = (typeof states)[number]

/** Legal in these states, and the state it leads to; the same state where none is named. */
export const transitions: Record<Phase, { from: State[]; to?: State }> = {
  join: { from: ['new'], to: 'joined' },
  stage: { from: ['joined'], to: 'ready' },
  sysinfo: { from: ['ready', 'orphaned', 'ended'] },
  init: { from: ['ready'], to: 'idle' },
  start: { from: ['idle'], to: 'running' },
  work: { from: ['running'] },
  // one whose `start` was cut short has nothing to stop, and is not at fault
  stop: { from: ['idle', 'running'], to: 'idle' },
  send: { from: ['idle', 'orphaned', 'ended'] },
  end: { from: ['joined', 'ready', 'idle'], to: 'ended' },
  terminate: { from: ['new', 'joined', 'ready', 'idle', 'running', 'orphaned', 'ended'], to: 'gone' }
}

/** What is legal at other times than its phase otherwise is, by `when` it is; it changes no state. */
const aroundSamples: Partial<Record<Phase, { begin?: State; end?: State }>> = {
  work: { begin: 'ready', end: 'ended' },
  // what jobs have made for the workloads
  stage: { begin: 'ready' }
}

/** In the window of a trigger tools of some groups start or stop within a sample, which changes no state. */
export function isLegal({ phase, groups, when }: Pick<Command, 'phase' | 'groups' | 'when'>, state: State): boolean {
  if (groups != null) return state === 'running'
  const around = when == null ? undefined : aroundSamples[phase]
  return around == null || when == null ? transitions[phase].from.includes(state) : around[when] === state
}

export function stateAfter({ phase, groups }: Pick<Command, 'phase' | 'groups'>, state: State): State {
  return groups != null ? state : (transitions[phase].to ?? state)
}

/** Whether nothing of the run goes on on this member. */
export const isOver = (state: State) => state === 'orphaned' || state === 'gone'
