import type { Signed } from '../../../protocols/envelope.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { Ack, Step } from '../../../protocols/phase.ts'
import type { SampleCost } from '../../../protocols/record.ts'

/** @returns what watching one sample cost its members, as far as they said so. Pure. */
export function costsIn(step: Step, roster: RosterEntry[], acks: Signed<Ack>[]): SampleCost[] {
  const told = new Map(acks.map(({ by, value }) => [by, value.observed]))
  const members = roster.flatMap(({ peer, name }) => {
    const cost = told.get(peer)
    return cost == null ? [] : [{ name, ...cost }]
  })
  return members.length === 0 ? [] : [{ step, members }]
}
