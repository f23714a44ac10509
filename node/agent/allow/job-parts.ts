/** Whether the phase `work` of a graph of jobs is within the offer that this member answered. Pure. */

import { graphOf } from '../../../protocols/jobs/graph-at.ts'
import { hasRole } from '../../../protocols/jobs/job.ts'
import { stepFolder } from '../../../protocols/layout.ts'
import type { Offer } from '../../../protocols/manifest.ts'
import type { Command } from '../../../protocols/phase.ts'
import { mayHaveSample } from '../../../protocols/triggered.ts'

/** @param self the member; @returns what of it the offer does not have, in words; undefined if there is nothing */
export function exceedsJobs(
  { step, when }: Pick<Command, 'step' | 'when'>,
  { spec, candidates }: Pick<Offer, 'spec' | 'candidates'>,
  self: string
): string | undefined {
  if ((step == null) === (when == null)) return 'a graph of jobs is that of a sample, or before or behind all of them'
  const { role } = graphOf({ step, when })
  if (!hasRole(spec, role)) return `the offer has no jobs of the role ${role}`
  if (candidates.find(({ peer }) => peer === self)?.jobs == null) return 'this member may be offered no jobs'
  return step == null || mayHaveSample(spec, step) ? undefined : `the offer has no sample ${stepFolder(step)}`
}
