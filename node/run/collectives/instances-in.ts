/** The instances of a run as its controller knows them. */
import { COMMAND } from '../../../protocols/calls.ts'
import type { RunContext } from '../run-context.ts'
import type { Instance } from './instances.ts'

/** @returns those of the members that still take part: a lone command is the only one */
export function instancesIn({ active, parts, record }: RunContext): Instance[] {
  const { peer } = parts.signer
  const member = active.get(peer) ?? record.controller.name
  return [{ peer, member, workload: COMMAND, instance: 1, of: 1, groups: [] }]
}
