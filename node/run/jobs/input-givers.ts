/** Who is counted on for the inputs of jobs that members were offered: those that are known to have them, until they do not give them. */
import type { ErrorCode } from '../../../protocols/errors.ts'
import type { GraphParts } from './graph-parts.ts'
import { askable, signerOf } from './ready-jobs.ts'
import type { TrackedJob } from './tracked-job.ts'

/**
 * Who did not give an input is not counted on for it any more: at once where it was asked and does not have it, where it could not be asked when
 * that is so a second time.
 * @param from the peers that were named for it
 * @returns who has signed that it made it, to be said before why it was not given
 */
export function denyInput(
  parts: GraphParts,
  job: TrackedJob,
  { digest, code, from }: { digest: string; code: ErrorCode; from: string[] }
): string {
  const { holders, states } = parts
  const input = job.inputs.find(each => each.digest === digest)
  const isSure = code !== 'unreachable' || job.lacked.has(digest)
  job.lacked.add(digest)
  if (input?.job == null) return ''
  const denied = isSure ? from : []
  for (const peer of denied) holders.deny(digest, peer)
  const maker = states.job(input.job)
  if (maker?.by != null && denied.includes(maker.by)) maker.broke.set(maker.by, `did not give its output ${input.path}`)
  const signer = signerOf(parts, input.job)
  return signer == null ? '' : `${signer} has signed that it made ${input.path}: `
}

/** Who does not say that it has an input of this job any more is not a holder of it. Never rejects. */
export async function askHolders(parts: GraphParts, job: TrackedJob): Promise<void> {
  const { holders } = parts
  const digests = [...new Set(job.inputs.map(({ digest }) => digest))]
  const answers = askable(parts).map(async ({ peer, hold }) => {
    const asked = digests.filter(digest => holders.has(digest, peer))
    if (asked.length === 0) return
    const held = new Set(await hold(asked).catch(() => asked))
    for (const digest of asked) if (!held.has(digest)) holders.remove(digest, peer)
  })
  await Promise.all(answers)
}
