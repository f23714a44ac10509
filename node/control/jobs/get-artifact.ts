/** The calls that bring an artifact to this peer: into a path of the caller, or to be kept under a name. */
import { join } from 'node:path'
import type { CallInput, CallResponse, HandlerOptions } from '../../../protocols/control.ts'
import { BakError } from '../../../protocols/errors.ts'
import { exportArtifact } from '../../artifacts/export-artifact.ts'
import type { Parts } from '../../parts.ts'
import { type FoundArtifact, findArtifact, holdersOf } from './find-artifact.ts'
import { unheard } from './find-job.ts'
import { toldWhile } from './told-while.ts'

let calls = 0

interface Fetching {
  state: 'fetching'
  done: number
  total: number
}

export async function* getArtifact(
  parts: Parts,
  { what, run, path, folder, replace }: CallInput<'get-artifact'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'get-artifact'>> {
  if ((path == null) === (folder == null)) throw new BakError('usage', 'get-artifact: a path or a folder')
  const { store } = parts.artifacts
  const found = await findArtifact(parts, { what, run }, signal)
  const into = path ?? join(folder as string, found.called)
  const fetched = yield* here(parts, found, signal, async () =>
    exportArtifact(store, found.digest, into, { replace, signal })
  )
  const { digest, kind, bytes } = found
  yield { state: 'here', digest, kind, bytes, fetched, path: into }
}

export async function* releaseArtifact(
  parts: Parts,
  { what, run, name, replace }: CallInput<'release-artifact'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'release-artifact'>> {
  const { store } = parts.artifacts
  const found = await findArtifact(parts, { what, run }, signal)
  let former: string | undefined
  yield* here(parts, found, signal, async () => {
    former = (await store.releases.add(found.digest, name, { replace })).former
  })
  yield { state: 'released', digest: found.digest, name, bytes: found.bytes, former }
}

/** Takes a release away, or an artifact that has none. @throws {BakError} `unknown-digest`, `busy` for one that is a release or that a run needs */
export async function* removeArtifact(
  parts: Parts,
  { what, run }: CallInput<'remove-artifact'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'remove-artifact'>> {
  const { store } = parts.artifacts
  const released = run == null ? store.releases.get(what) : undefined
  if (released != null) {
    await store.releases.drop(what)
    return yield { digest: released.digest, release: what, bytes: released.bytes, isDeleted: false }
  }
  const { digest, bytes } = await findArtifact(parts, { what, run }, signal)
  await store.remove(digest)
  yield { digest, bytes, isDeleted: true }
}

/**
 * Has an artifact here while the work is done.
 * @returns how many bytes came from other peers
 * @throws {BakError} `unknown-digest` if nobody has it, and as the fetch and the work do
 */
async function* here(
  parts: Parts,
  found: FoundArtifact,
  signal: AbortSignal,
  work: () => Promise<void>
): AsyncGenerator<Fetching, number> {
  const { needs } = parts.artifacts.store
  const owner = `get ${++calls}`
  needs.add(owner, [found.digest])
  try {
    const fetched = yield* bring(parts, found, signal)
    await work()
    return fetched
  } finally {
    needs.release(owner)
  }
}

/** What is here and whole is not fetched. */
async function* bring(
  parts: Parts,
  { digest, bytes }: FoundArtifact,
  signal: AbortSignal
): AsyncGenerator<Fetching, number> {
  const { store } = parts.artifacts
  if (store.get(digest) != null && !store.damaged.has(digest)) return 0
  const { holders, silent } = await holdersOf(parts, digest, signal)
  const from = holders.map(({ peer }) => peer).filter(peer => peer !== parts.identity.peer)
  if (from.length === 0)
    throw new BakError(
      'unknown-digest',
      `nobody that can be reached has ${digest.slice(0, 12)} any more${unheard(silent)}`
    )
  let done = 0
  let told = -1
  const onProgress = (had: number) => {
    done = had
  }
  const coming = parts.swarms.fetch(digest, { bytes, from, held: true, by: parts.identity.peer, signal, onProgress })
  const fetched = yield* toldWhile(coming, () => {
    if (done === told) return undefined
    told = done
    return { state: 'fetching' as const, done: Math.min(done, bytes), total: bytes }
  })
  return fetched.bytes
}
