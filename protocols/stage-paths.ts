/** What a spec has staged: for all workloads, as programs of its tools, and as files of the operations of its tasks. */
import { basename } from 'node:path'
import type { Spec } from './spec.ts'
import { placementOf, type StagedEntry } from './staged.ts'
import { ownFilesOf } from './tasks/operations-of.ts'
import { DRIVER } from './tasks/task.ts'

/** A path of the caller, and what is told of it in the offer. */
export interface StagePath extends Pick<StagedEntry, 'path' | 'for' | 'tool' | 'platform'> {
  from: string
}

type Staging = Pick<Spec, 'stage' | 'tool' | 'workload' | 'operation' | 'task'>

/** @returns each path that is staged, in their order. Pure. */
export function stagePathsOf(spec: Staging): StagePath[] {
  const { stage, tool: tools, workload } = spec
  const bundles = Object.entries(tools).flatMap(([tool, { bundle = {} }]) =>
    Object.entries(bundle).map(([platform, from]) => ({ from, path: basename(placementOf(from)), tool, platform }))
  )
  const own = workload.flatMap(({ name, stage }) => stage.map(from => ({ from, path: placementOf(from), for: name })))
  const loads = ownFilesOf(spec).map(from => ({ from, path: placementOf(from), for: DRIVER }))
  return [...stage.map(from => ({ from, path: placementOf(from) })), ...own, ...loads, ...bundles]
}

export const isStaging = (spec: Staging) => stagePathsOf(spec).length > 0
