/** Artifacts as a list of them shows them: what is stored here, and what jobs made that this peer knows of. Pure. */
import { type ArtifactRow, MAX_JOB_ROWS, MAX_PROVENANCE } from '../../protocols/jobs/job-records.ts'
import type { Stored } from '../artifacts/artifact-store.ts'
import type { OutputRow } from '../store/jobs/output-rows.ts'

export interface ArtifactQuery {
  /** In the name of a job, the path of an output, a name, a release, or the begin of a digest. */
  text?: string | undefined
  /** Only what jobs of this run made. */
  run?: string | undefined
  /** Only what is stored here. */
  here?: boolean | undefined
}

interface Known {
  stored: Stored[]
  /** That fit the run and the text, the newest first. */
  outputs: OutputRow[]
  outputsOf(digest: string): OutputRow[]
  isNeeded(digest: string): boolean
}

/** @returns first what is stored here */
export function artifactRows({ text, run, here }: ArtifactQuery, known: Known): ArtifactRow[] {
  const made = Map.groupBy(known.outputs, ({ digest }) => digest)
  const rows: ArtifactRow[] = []
  for (const stored of known.stored) {
    const { digest, kind, bytes } = stored
    if (!made.has(digest) && (run != null || (text != null && !isCalled(stored, text)))) continue
    const outputs = made.get(digest) ?? known.outputsOf(digest)
    rows.push({
      ...{ digest, kind, bytes, here: true, name: stored.name, path: stored.path, releases: stored.releases },
      ...{ stored: stored.stored, used: stored.used, made: makersIn(outputs) },
      ...(stored.pinned ? { pinned: true as const } : {}),
      ...(known.isNeeded(digest) ? { needed: true as const } : {})
    })
    made.delete(digest)
  }
  if (here) return rows.slice(0, MAX_JOB_ROWS)
  for (const [digest, outputs] of made) {
    const { kind, bytes } = outputs[0] as OutputRow
    rows.push({ digest, kind, bytes, here: false, made: makersIn(outputs) })
  }
  return rows.slice(0, MAX_JOB_ROWS)
}

const isCalled = ({ digest, name, path, releases }: Stored, text: string): boolean =>
  digest.startsWith(text) || [name, path, ...(releases ?? [])].some(each => each?.includes(text))

const makersIn = (outputs: OutputRow[]): ArtifactRow['made'] =>
  outputs.slice(0, MAX_PROVENANCE).map(({ run, graph, job, path, by, at }) => ({ run, graph, job, path, by, at }))
