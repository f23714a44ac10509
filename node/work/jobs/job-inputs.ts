/** The inputs of a job on its member: fetched from whoever holds them, as far as they are not here, and put below its folder. */
import { join } from 'node:path'
import { asBakError, BakError, type ErrorCode } from '../../../protocols/errors.ts'
import type { JobOffer } from '../../../protocols/jobs/job-stream.ts'
import type { ArtifactStore } from '../../artifacts/artifact-store.ts'
import { makeParents, type PlaceOptions, placeArtifact } from '../../artifacts/place.ts'
import type { Swarms } from '../../artifacts/swarm/swarms.ts'
import { Limit } from '../../limit.ts'

/** Contents that are fetched at once for one job. */
const FETCHES = 4
/** It is those that were named for an input who did not give it, or gave something else. */
const NOT_GIVEN: ErrorCode[] = ['unknown-digest', 'unreachable', 'mismatch']

type Inputs = JobOffer['inputs']

/** An input that could not be had from those that were named for it. */
export class InputNotGiven extends BakError {
  readonly digest: string

  constructor(code: ErrorCode, message: string, digest: string) {
    super(code, message)
    this.digest = digest
  }
}

interface FetchInputs {
  swarms: Pick<Swarms, 'fetch'>
  /** The controller, for whom they are stored. */
  by: string
  signal: AbortSignal
  onProgress(done: number, total: number): void
}

/** @throws {BakError} naming the input that could not be fetched, and why: `InputNotGiven` where others are at fault */
export async function fetchInputs(inputs: Inputs, { swarms, by, signal, onProgress }: FetchInputs): Promise<void> {
  const contents = [...new Map(inputs.map(each => [each.digest, each])).values()]
  const total = contents.reduce((sum, { bytes }) => sum + bytes, 0)
  let come = 0
  const limit = new Limit({ total: FETCHES })
  const fetchOne = async ({ path, digest, bytes, from }: Inputs[number]) => {
    let had = 0
    const note = (done: number) => {
      come += done - had
      had = done
      onProgress(come, total)
    }
    try {
      await swarms.fetch(digest, { bytes, from, source: from[0], held: true, by, path, signal, onProgress: note })
    } catch (cause) {
      const { code, message } = asBakError(cause)
      const why = `input ${path} is not here: ${message}`
      throw NOT_GIVEN.includes(code) ? new InputNotGiven(code, why, digest) : new BakError(code, why, { cause })
    }
  }
  const outcomes = await Promise.allSettled(contents.map(each => limit.run(each.digest, () => fetchOne(each))))
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (failed != null) throw failed.reason
}

/** @param cwd the working folder, which has no other writers yet @param below the folder in it for inputs @throws {BakError} as `placeArtifact` does */
export async function placeInputs(
  inputs: Inputs,
  store: ArtifactStore,
  { cwd, below, ...options }: PlaceOptions & { cwd: string; below: string }
): Promise<void> {
  // a folder comes before what is put into it
  for (const { path, digest } of [...inputs].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const at = join(below, path)
    await makeParents(cwd, at, options)
    await placeArtifact(store, digest, join(cwd, at), options)
  }
}
