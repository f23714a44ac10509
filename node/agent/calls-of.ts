/** What the workloads of one member need for their calls. */
import { now } from '../now.ts'
import type { CallsInit } from '../work/calls/open-calls.ts'
import type { MemberState } from './member-state.ts'
import type { PhaseParts } from './phases/phase.ts'

export const callsOf = (member: MemberState, { sockets }: PhaseParts, ask: CallsInit['ask']): CallsInit => ({
  sockets,
  ask,
  time: () => ({ at: now() - member.clock.offset, bound: member.clock.bound })
})
