/** What a member fetches of a run in the phase `stage`: what its offer names for it, and only what is not here. And where that is put then. */
import { join } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import { type Fetched, PLATFORM, type StagedEntry } from '../../protocols/staged.ts'
import { DRIVER } from '../../protocols/tasks/task.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import { makeParents, type PlaceOptions, placeArtifact } from '../artifacts/place.ts'
import type { Swarms } from '../artifacts/swarm/swarms.ts'
import { Limit } from '../limit.ts'
import type { MemberState } from './member-state.ts'

/** Contents that a member fetches at once. */
const FETCHES = 4
/** The controller hears how far it is about so often, ms. */
const TELL_EVERY_MS = 1_000

/** Who needs what is staged of a run, in the store: as long as the run goes on here, it stays. */
export const ownerOf = (run: string) => `member ${run}`

/** @returns what of an offer, and of what its jobs have made, is for this member. Pure. */
export function stagedFor({
  offer,
  self,
  outputs = []
}: Pick<MemberState, 'offer' | 'self'> & Partial<Pick<MemberState, 'outputs'>>): StagedEntry[] {
  const mine = offer.candidates.find(({ peer }) => peer === self)
  const tools = new Set(mine?.tools.map(({ tool }) => tool))
  const workloads = new Set(mine?.workloads?.map(({ name }) => name))
  if (mine?.load != null) workloads.add(DRIVER)
  return [...(offer.staged ?? []), ...outputs].filter(({ tool, platform, for: workload }) =>
    tool == null
      ? workload == null || workloads.has(workload)
      : tools.has(tool) && (platform == null || platform === PLATFORM)
  )
}

/** What a member that goes on after a restart of its daemon had fetched stays. */
export function needStaged(member: MemberState, store: ArtifactStore): void {
  if (member.manifest == null || member.state === 'orphaned') return
  store.needs.add(
    ownerOf(member.run),
    stagedFor(member).map(({ digest }) => digest)
  )
}

/** @throws {BakError} naming what could not be fetched, and why */
export async function fetchStaged(
  member: Pick<MemberState, 'run' | 'self' | 'controller' | 'manifest' | 'offer'> &
    Partial<Pick<MemberState, 'outputs'>>,
  swarms: Pick<Swarms, 'fetch' | 'store'>,
  { signal, onProgress }: { signal: AbortSignal; onProgress(done: number, total: number): void }
): Promise<Fetched | undefined> {
  const { run, controller: by, manifest } = member
  const contents = new Map(stagedFor(member).map(each => [each.digest, each]))
  if (contents.size === 0) return undefined
  swarms.store.needs.add(ownerOf(run), contents.keys())
  const total = [...contents.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  const done = new Map<string, number>()
  const tell = seldom(() => {
    let sum = 0
    for (const bytes of done.values()) sum += bytes
    onProgress(sum, total)
  })
  const from = (manifest?.roster ?? []).map(({ peer }) => peer)
  const limit = new Limit({ total: FETCHES })
  const outcomes = await Promise.allSettled(
    [...contents.values()].map(({ digest, bytes, path }) =>
      limit.run(digest, () => {
        const note = (had: number) => {
          done.set(digest, had)
          tell()
        }
        return named(path, swarms.fetch(digest, { bytes, from, source: by, by, path, signal, onProgress: note }))
      })
    )
  )
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (failed != null) throw failed.reason
  const fetched = outcomes.map(outcome => (outcome as PromiseFulfilledResult<Fetched>).value)
  return {
    bytes: fetched.reduce((sum, each) => sum + each.bytes, 0),
    source: fetched.reduce((sum, each) => sum + each.source, 0)
  }
}

/** Puts what is staged for a workload into its working folder, which has no other writers yet. @throws {BakError} as `placeArtifact` does */
export async function placeStaged(
  member: Parameters<typeof stagedFor>[0],
  store: ArtifactStore,
  { workload, cwd, ...options }: PlaceOptions & { workload?: string; cwd: string }
): Promise<void> {
  for (const { path, digest, tool, for: only } of stagedFor(member)) {
    if (tool != null || (only != null && only !== workload)) continue
    await makeParents(cwd, path, options)
    await placeArtifact(store, digest, join(cwd, path), options)
  }
}

async function named<T>(path: string, work: Promise<T>): Promise<T> {
  return await work.catch(cause => {
    const { code = 'bug', message } = cause as BakError
    throw new BakError(code, `${path} is not here: ${message}`, { cause })
  })
}

function seldom(tell: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY
  return () => {
    const now = performance.now()
    if (now - last < TELL_EVERY_MS) return
    last = now
    tell()
  }
}
