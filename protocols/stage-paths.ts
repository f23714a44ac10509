/** What a spec has staged: for all workloads, and as programs of its tools. */
import type { Spec } from './spec.ts'
import { placementOf, type StagedEntry } from './staged.ts'

/** A path of the caller, and what is told of it in the offer. */
export interface StagePath extends Pick<StagedEntry, 'path' | 'for' | 'tool' | 'platform'> {
  from: string
}

/** @returns each path that is staged, in their order. Pure. */
export function stagePathsOf({ stage }: Pick<Spec, 'stage'>): StagePath[] {
  return stage.map(from => ({ from, path: placementOf(from) }))
}

export const isStaging = (spec: Pick<Spec, 'stage'>) => stagePathsOf(spec).length > 0
