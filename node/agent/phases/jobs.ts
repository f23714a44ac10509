/** The phase `work` of jobs: this member takes what the controller offers it on a stream, until it says that the graph is over. */
import { BakError } from '../../../protocols/errors.ts'
import type { PhaseContext, PhaseHandler } from './phase.ts'

export async function hostJobs(_: PhaseContext): Promise<Awaited<ReturnType<PhaseHandler>>> {
  throw new BakError('state', 'no jobs are run here yet')
}
