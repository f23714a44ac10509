/** The bundles of a member's tools, each placed once in a run where its program can be read. */
import { basename, join } from 'node:path'
import { BakError } from '../../protocols/errors.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import { PLATFORM } from '../../protocols/staged.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import { placeArtifact } from '../artifacts/place.ts'
import type { LentFolder } from '../processes/guards.ts'
import type { MemberState } from './member-state.ts'
import { stagedFor } from './staging.ts'

/** @returns why a tool with these bundles cannot run here; undefined if it can */
export const whyNoBundle = (tool: string, bundle: Record<string, string>) =>
  Object.hasOwn(bundle, PLATFORM) ? undefined : lacking(tool)

const lacking = (tool: string) => `${tool}: no bundle for ${PLATFORM}`

interface BundleParts {
  store: ArtifactStore
  /** Gives an empty folder that programs of the run can read. */
  lend(folder: string): LentFolder
}

/**
 * @returns the folder with the bundle of a tool; undefined if it has none
 * @throws {BakError} `tool-unavailable` if none was staged, as for a tool that was attached; and as `placeArtifact` does
 */
export async function bundleOf(
  { tool, options }: Pick<Assignment, 'tool' | 'options'>,
  member: Pick<MemberState, 'offer' | 'self' | 'folder' | 'lent'>,
  parts: BundleParts
): Promise<string | undefined> {
  if (options.bundle == null) return undefined
  const placed = member.lent.get(tool) ?? place(tool, member, parts)
  member.lent.set(tool, placed)
  placed.catch(() => member.lent.delete(tool))
  return (await placed).path
}

async function place(
  tool: string,
  member: Parameters<typeof bundleOf>[1],
  { store, lend }: BundleParts
): Promise<LentFolder> {
  const entry = stagedFor(member).find(each => each.tool === tool)
  if (entry == null) throw new BakError('tool-unavailable', lacking(tool))
  const lent = lend(join(member.folder, 'bundles', tool))
  try {
    const isFile = store.get(entry.digest)?.kind === 'file'
    await placeArtifact(store, entry.digest, isFile ? join(lent.path, basename(entry.path)) : lent.path, lent.owner)
    return lent
  } catch (cause) {
    lent.release()
    throw cause
  }
}
