/** Whether a peer may have files stored here, and whether they fit: `allow.stage` and `artifacts` of config.toml. Pure. */
import type { ArtifactLimits } from '../../../protocols/config-file.ts'
import type { StagedEntry } from '../../../protocols/staged.ts'
import { type Asking, refusalOfPeer } from '../../mesh/names/listed-peers.ts'
import type { Refusal, Rules } from './allow.ts'

/** Asked of those that `controllers` lets in. */
export function refuseStage({ stage = true }: Pick<Rules, 'stage'>, caller: Asking): Refusal | undefined {
  if (stage === false) return { rule: 'stage', why: 'lets no other peer store files here' }
  const why = refusalOfPeer(stage, caller)
  return why == null ? undefined : { rule: 'stage', why }
}

/** @returns the limit that what is staged goes beyond, in words with its key */
export function beyondRoom(
  { bytes, largest }: Pick<ArtifactLimits, 'bytes' | 'largest'>,
  staged: ReadonlyArray<Pick<StagedEntry, 'path' | 'bytes'>>
): string | undefined {
  const large = staged.find(each => each.bytes > largest)
  if (large != null) return `artifacts.largest is ${largest}, and ${large.path} has ${large.bytes} bytes`
  const sum = staged.reduce((all, each) => all + each.bytes, 0)
  return sum > bytes ? `artifacts.bytes is ${bytes}, and what is staged has ${sum} bytes` : undefined
}
