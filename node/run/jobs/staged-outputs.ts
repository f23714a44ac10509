/** Outputs of jobs that workloads get: this peer fetches them first, so that all members have one that has all of it. */
import { cutText } from '../../../protocols/fields.ts'
import { stagedOutputsOf } from '../../../protocols/jobs/stage-outputs.ts'
import type { StagedEntry } from '../../../protocols/staged.ts'
import type { RunContext } from '../run-context.ts'
import { driverOwnerOf } from '../staging-import.ts'
import { Stopped } from '../stopped.ts'

/** @throws {Stopped} naming what no job has made; {BakError} what cannot be fetched, the reason of a cancelled run */
export async function fetchStagedOutputs({ id, order, jobs, parts, cancelled }: RunContext): Promise<StagedEntry[]> {
  const finished = jobs.finishedOf({ role: 'setup' })
  const { staged, missing } = stagedOutputsOf(order.spec, job => finished.get(job)?.entry.outputs)
  if (missing.length > 0) throw new Stopped('failed', cutText(missing.join('; ')))
  const { swarms, artifacts, signer, signal: stopped } = parts
  const signal = AbortSignal.any([cancelled, stopped])
  artifacts.store.needs.add(
    driverOwnerOf(id),
    staged.map(({ digest }) => digest)
  )
  const holders = [...new Set([...finished.values()].flatMap(each => each.holders))]
  for (const { digest, bytes } of staged) {
    await swarms.fetch(digest, { bytes, from: holders, by: signer.peer, signal })
  }
  return staged
}
