/** Takes what the caller has staged into the store of this peer, from where the members fetch it. */
import { resolve } from 'node:path'
import type { Caller } from '../../protocols/control/runs.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Spec } from '../../protocols/spec.ts'
import { stagePathsOf } from '../../protocols/stage-paths.ts'
import { collidingEntries, MAX_STAGED, type StagedEntry } from '../../protocols/staged.ts'
import type { Artifacts } from '../artifacts/artifacts.ts'
import { scanTree } from '../artifacts/scan-tree.ts'
import type { RunContext } from './run-context.ts'

/** Who needs what a run that is driven here has staged. */
export const driverOwnerOf = (run: string) => `run ${run}`

/** @throws {BakError} `usage` naming what cannot be staged, before anything is read */
export async function checkStaged(
  spec: Spec,
  { directory }: Pick<Caller, 'directory'>,
  { store }: Artifacts
): Promise<void> {
  const paths = stagePathsOf(spec)
  if (paths.length > MAX_STAGED) throw new BakError('usage', `more than ${MAX_STAGED} paths are staged`)
  const doubled = collidingEntries(paths)
  if (doubled != null)
    throw new BakError('usage', `stage: ${doubled} is there twice: write PATH/./NAME to put one elsewhere`)
  for (const { from } of paths) await scanTree(resolve(directory, from), { bytes: store.limits.largest })
}

/** @throws {BakError} `usage`, `no-space`, `io`, the reason of the signal */
export async function importStaged({ id, order, parts }: RunContext, signal: AbortSignal): Promise<StagedEntry[]> {
  const { store, imports } = parts.artifacts
  const staged: StagedEntry[] = []
  for (const { from, ...entry } of stagePathsOf(order.spec)) {
    const { digest, bytes } = await imports.take(resolve(order.directory, from), {
      ...{ by: parts.signer.peer, path: from, signal }
    })
    store.needs.add(driverOwnerOf(id), [digest])
    staged.push({ ...entry, digest, bytes })
  }
  return staged
}
