/** What a spec has staged: for all workloads, and as programs of its tools. */
import { basename } from 'node:path'
import type { Spec } from './spec.ts'
import { placementOf, type StagedEntry } from './staged.ts'

/** A path of the caller, and what is told of it in the offer. */
export interface StagePath extends Pick<StagedEntry, 'path' | 'for' | 'tool' | 'platform'> {
  from: string
}

/** @returns each path that is staged, in their order. Pure. */
export function stagePathsOf({ stage, tool: tools, workload }: Pick<Spec, 'stage' | 'tool' | 'workload'>): StagePath[] {
  const bundles = Object.entries(tools).flatMap(([tool, { bundle = {} }]) =>
    Object.entries(bundle).map(([platform, from]) => ({ from, path: basename(placementOf(from)), tool, platform }))
  )
  const own = workload.flatMap(({ name, stage }) => stage.map(from => ({ from, path: placementOf(from), for: name })))
  return [...stage.map(from => ({ from, path: placementOf(from) })), ...own, ...bundles]
}

export const isStaging = (spec: Pick<Spec, 'stage' | 'tool' | 'workload'>) => stagePathsOf(spec).length > 0
