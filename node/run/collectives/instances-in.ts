/** The instances of a run as its controller knows them: the lone command, and what is placed on the members. */
import { COMMAND } from '../../../protocols/calls.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { RunContext } from '../run-context.ts'
import type { Instance } from './instances.ts'

/** @returns those of the members that still take part */
export function instancesIn({ active, parts, record, order }: RunContext): Instance[] {
  const { peer } = parts.signer
  const lone: Instance[] =
    order.spec.command == null
      ? []
      : [
          {
            peer,
            member: active.get(peer) ?? record.controller.name,
            workload: COMMAND,
            instance: 1,
            of: 1,
            groups: []
          }
        ]
  return [...lone, ...record.roster.filter(entry => active.has(entry.peer)).flatMap(placedOn)]
}

function placedOn({ peer, name: member, groups = [], workloads = [] }: RosterEntry): Instance[] {
  return workloads.flatMap(({ name: workload, instances: of }) =>
    Array.from({ length: of }, (_, i) => ({ peer, member, workload, instance: i + 1, of, groups }))
  )
}
