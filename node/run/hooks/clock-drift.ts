import type { Signed } from '../../../protocols/envelope.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { driftOf } from '../../clock/clock.ts'

/** @returns both measurements of each member's clock that there are, and the drift that follows. Pure. */
export function clocksOf(roster: RosterEntry[], acks: Signed<Ack>[]): NonNullable<RunRecord['clocks']> {
  const ends = new Map(acks.map(({ by, value }) => [by, value.clock]))
  return roster.flatMap(({ peer, name, capabilities: { clock: begin } }) => {
    const end = ends.get(peer)
    const found = end == null ? undefined : driftOf(begin, end)
    return end == null || found == null ? [] : [{ peer, name, begin, end, ...found }]
  })
}
