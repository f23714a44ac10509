/** What observing each sample cost the members. */
import type { Signed } from '../../../protocols/envelope.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { Ack, Step } from '../../../protocols/phase.ts'
import type { SampleCost } from '../../../protocols/record.ts'
import type { RunHook } from './hook.ts'

export const observationCost: RunHook = {
  name: 'observation-cost',
  after({ phase, step }, { record }, answers) {
    if (phase === 'stop' && step != null) record.observed?.push(...costsIn(step, record.roster, answers))
  }
}

export function costsIn(step: Step, roster: RosterEntry[], acks: Signed<Ack>[]): SampleCost[] {
  const told = new Map(acks.map(({ by, value }) => [by, value.observed]))
  const members = roster.flatMap(({ peer, name }) => {
    const cost = told.get(peer)
    return cost == null ? [] : [{ name, ...cost }]
  })
  return members.length === 0 ? [] : [{ step, members }]
}
