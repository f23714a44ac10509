import type { Signed } from '../../../protocols/envelope.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'

/** @returns how each member reached the controller when it joined, and at the end, as far as they said so. Pure. */
export function pathsOf(roster: RosterEntry[], acks: Signed<Ack>[]): NonNullable<RunRecord['paths']> {
  const ends = new Map(acks.map(({ by, value }) => [by, value.path]))
  return roster
    .map(({ peer, name, capabilities: { path: begin } }) => ({ peer, name, begin, end: ends.get(peer) }))
    .filter(({ begin, end }) => begin != null || end != null)
}
