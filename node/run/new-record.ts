/** The record of a run before its first phase. */
import { FORMAT, type RunRecord } from '../../protocols/record.ts'
import type { RunOrder, RunParts } from './run-parts.ts'

export function newRecord(order: RunOrder, { signer, members, program }: RunParts): RunRecord {
  const { run, key, epoch, created, begun, directory, spec, resumes } = order
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
    begun,
    program,
    directory,
    ...(resumes == null ? {} : { resumes }),
    spec,
    ...{ roster: [], excluded: [], shortfalls: [], beside: [] },
    ...{ workload: [], skew: [], clocks: [], observed: [], sent: [] }
  }
}
