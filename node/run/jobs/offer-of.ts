/** What a member is offered of a job, and what its result is to be of. Pure. */
import type { JobOffer } from '../../../protocols/jobs/job-stream.ts'
import type { ArtifactProviders } from './artifact-providers.ts'
import type { ExpectedResult } from './checked-result.ts'
import type { JobMember } from './eligible.ts'
import type { GraphRunInit } from './graph-init.ts'
import type { TrackedJob } from './tracked-job.ts'

/** Peers that are named for each input; fewer where there are many inputs, so that the message stays small. */
const MAX_FROM = 16
const FEW_FROM = 4
const MANY_INPUTS = 64

export function offerOf(
  job: TrackedJob,
  attempt: number,
  member: Pick<JobMember, 'peer' | 'platform' | 'rank'>,
  holders: Pick<ArtifactProviders, 'of'>,
  { run, graph }: Pick<GraphRunInit, 'run' | 'graph'>
): { offer: Omit<JobOffer, 'type'>; expected: ExpectedResult } {
  const most = job.inputs.length > MANY_INPUTS ? FEW_FROM : MAX_FROM
  const inputs = job.inputs.map(({ path, digest, bytes }) => {
    const others = holders.of(digest).filter(peer => peer !== member.peer)
    return { path, digest, bytes, from: rotated(others, member.rank).slice(0, most) }
  })
  const key = job.keys.find(({ platform }) => platform === member.platform)?.key ?? ''
  const expected = {
    ...{ run, graph, job: job.name, attempt, key, outputs: job.job.outputs },
    inputs: inputs.map(({ path, digest }) => ({ path, digest }))
  }
  return { offer: { job: job.name, attempt, inputs }, expected }
}

/** Members do not all begin with the same peer. */
function rotated<T>(list: T[], by: number): T[] {
  const at = list.length === 0 ? 0 : by % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}
