/** By which path each member reached the controller when it joined and at the end. */
import type { Signed } from '../../../protocols/envelope.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import type { RunHook } from './hook.ts'

export const memberPaths: RunHook = {
  name: 'member-paths',
  after({ phase }, { record }, answers) {
    if (phase === 'end') record.paths = pathsOf(record.roster, answers)
  }
}

export function pathsOf(roster: RosterEntry[], acks: Signed<Ack>[]): NonNullable<RunRecord['paths']> {
  const ends = new Map(acks.map(({ by, value }) => [by, value.path]))
  return roster
    .map(({ peer, name, capabilities: { path: begin } }) => ({ peer, name, begin, end: ends.get(peer) }))
    .filter(({ begin, end }) => begin != null || end != null)
}
