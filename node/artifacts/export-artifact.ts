/** Writes an artifact to a path of this machine: whole or not at all, and over nothing that is there unless that is asked for. */
import { lstat, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import type { WaitOptions } from '../../protocols/stream.ts'
import { temporaryIn } from '../store/atomic.ts'
import { makeFolder, onDisk, unlessMissing } from '../store/disk.ts'
import { removeTree } from '../store/remove-tree.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { placeArtifact } from './place.ts'

interface ExportOptions extends WaitOptions {
  /** What is at the path goes when all of the artifact is there. */
  replace?: boolean
}

/**
 * @param path absolute: the file or folder that the artifact becomes; its parents are made
 * @throws {BakError} `cannot-create` if something is there or its parent is no folder, `unknown-digest`, `damaged`, `no-space`, `io`
 */
export async function exportArtifact(
  store: ArtifactStore,
  digest: string,
  path: string,
  { replace = false, signal }: ExportOptions = {}
): Promise<void> {
  await checkFree(path, replace)
  const parent = dirname(path)
  await onDisk(parent, () => makeFolder(parent, 0o777)).catch(cause => {
    throw new BakError('cannot-create', `cannot make the folder ${parent}: ${cause.message}`, { cause })
  })
  const whole = temporaryIn(parent)
  const former = temporaryIn(parent)
  try {
    await placeArtifact(store, digest, whole, { signal })
    const isThere = await checkFree(path, replace)
    if (isThere) await onDisk(path, () => rename(path, former))
    try {
      await onDisk(path, () => rename(whole, path))
    } catch (cause) {
      // what was there is there again
      if (isThere) await rename(former, path)
      throw cause
    }
  } finally {
    await removeTree(whole)
    await removeTree(former)
  }
}

/** @returns whether something is there */
async function checkFree(path: string, mayBe: boolean): Promise<boolean> {
  const there = await onDisk(path, () => unlessMissing(lstat(path)))
  if (there != null && !mayBe) throw new BakError('cannot-create', `${path} is there already`)
  return there != null
}
