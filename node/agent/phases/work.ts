/** Runs the workload, with the folder and environment of the caller on this machine. */
import { join } from 'node:path'
import { BakError } from '../../../protocols/errors.ts'
import { workloadFolder } from '../../../protocols/layout.ts'
import type { Step } from '../../../protocols/phase.ts'
import { runCommand } from '../../work/command/run-command.ts'
import type { PhaseHandler } from './phase.ts'

export const work: PhaseHandler = async ({ command, member, parts, signal }) => {
  const context = parts.workloadOf(member.run)
  if (context == null) throw new BakError('not-allowed', 'no workload was assigned to this member')
  const { run, self: peer, offer, manifest } = member
  const step = command.step as Step
  const work = {
    ...{ run, peer, step, spec: offer.spec, socket: parts.socket },
    rank: manifest?.roster.find(entry => entry.peer === peer)?.rank ?? 0,
    folder: join(member.data, workloadFolder(step, member.name))
  }
  return runCommand(work, context, { supervisor: parts.supervisor, signal })
}
