/** How far the members' clocks were from the controller's when they joined and at the end, and the drift that follows. */
import type { Signed } from '../../../protocols/envelope.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { driftOf } from '../../clock/clock.ts'
import type { RunHook } from './hook.ts'

export const clockDrift: RunHook = {
  name: 'clock-drift',
  after({ phase }, { record }, answers) {
    if (phase === 'end') record.clocks = clocksOf(record.roster, answers)
  }
}

export function clocksOf(roster: RosterEntry[], acks: Signed<Ack>[]): NonNullable<RunRecord['clocks']> {
  const ends = new Map(acks.map(({ by, value }) => [by, value.clock]))
  return roster.flatMap(({ peer, name, capabilities: { clock: begin } }) => {
    const end = ends.get(peer)
    const found = end == null ? undefined : driftOf(begin, end)
    return end == null || found == null ? [] : [{ peer, name, begin, end, ...found }]
  })
}
