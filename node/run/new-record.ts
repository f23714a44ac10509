import { FORMAT, type RunRecord } from '../../protocols/record.ts'
import type { DriverParts, RunOrder } from './driver-parts.ts'

/** @returns the record of a run of which nothing has happened yet */
export function newRecord(order: RunOrder, { signer, members, program }: DriverParts): RunRecord {
  const { run, key, epoch, created, directory, spec } = order
  return {
    format: FORMAT,
    run,
    key,
    name: spec.name,
    state: 'waiting',
    partial: false,
    controller: { peer: signer.peer, name: members.self.name },
    epoch,
    created,
    program,
    directory,
    spec,
    roster: [],
    excluded: [],
    workload: [],
    skew: [],
    clocks: [],
    observed: [],
    sent: []
  }
}
