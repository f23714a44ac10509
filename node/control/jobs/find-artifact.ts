/** Finds the artifact that a person means: among the outputs of a run, then among what was released, then by its digest; here before elsewhere. */
import { posix } from 'node:path'
import { BakError } from '../../../protocols/errors.ts'
import type { ArtifactRow } from '../../../protocols/jobs/job-records.ts'
import type { JobOutput } from '../../../protocols/jobs/job-result.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import type { Parts } from '../../parts.ts'
import { resolveRun } from '../find-run.ts'
import { type Answered, askAll, peersHere, type Silent } from './ask-records.ts'
import { entriesOf, unheard } from './find-job.ts'
import { type OutputReference, readArtifactReference } from './references.ts'

/** Names in an error. */
const MAX_NAMED = 8

export interface FoundArtifact {
  digest: string
  kind: 'file' | 'folder'
  bytes: number
  /** The last part of its path, or the name of its release. */
  called: string
  /** Where it was named as the output of a job. */
  output?: { run: string; job: string }
}

/** @throws {BakError} `unknown-digest` if nobody knows it, `usage` if it could be several, `no-such-run` */
export async function findArtifact(
  parts: Parts,
  { what, run: text }: { what: string; run?: string | undefined },
  signal: AbortSignal
): Promise<FoundArtifact> {
  const reference = readArtifactReference(what, text)
  const { outputs, release, digest } = reference
  if (outputs != null) {
    const run = await resolveRun(parts, outputs.run)
    const found = await outputOf(parts, run, outputs.any, what, signal)
    if (found != null) return found
    if (release == null && digest == null)
      throw new BakError(
        'unknown-digest',
        `${what}: no job of ${run} that is known has this output: bak artifact ls --run ${run}`
      )
  }
  const [self, ...others] = peersHere(parts)
  const here = await askAll(parts, self == null ? [] : [self], { type: 'artifacts', text: what }, signal)
  const own = meantBy(rowsOf(here.told), what)
  if (own != null) return own
  const { told, silent } = await askAll(parts, others, { type: 'artifacts', text: what }, signal)
  const found = meantBy(rowsOf(told), what)
  if (found != null) return found
  throw new BakError(
    'unknown-digest',
    `no release, and no digest that is known, is ${what}: bak artifact ls${unheard([...here.silent, ...silent])}`
  )
}

const rowsOf = (told: Answered<'artifacts'>[]) =>
  told.flatMap(({ answers }) => answers.flatMap(({ artifacts }) => artifacts))

/** @throws {BakError} `usage` if the job has several outputs, or several jobs have it */
async function outputOf(
  parts: Parts,
  run: string,
  any: OutputReference[],
  what: string,
  signal: AbortSignal
): Promise<FoundArtifact | undefined> {
  for (const { job, path } of any) {
    const known = await entriesOf(parts, run, job, signal)
    const made = outputsIn(known?.entries ?? [], path)
    const digests = new Set(made.map(({ output }) => output.digest))
    if (digests.size > 1) {
      const names = made.map(each => `${run}/${each.job}/${each.output.path}`)
      throw new BakError('usage', `${what} could be ${listInWords([...new Set(names)], MAX_NAMED)}`)
    }
    const [only] = made
    if (only == null) continue
    const called = posix.basename(only.output.path)
    return { ...plain(only.output), called, output: { run, job: only.job } }
  }
  return undefined
}

const plain = ({ digest, kind, bytes }: JobOutput) => ({ digest, kind, bytes })

/** A job of several samples counts as it was last. @returns the outputs of this path, or all of them. Pure. */
export function outputsIn(entries: JobEntry[], path?: string): Array<{ job: string; output: JobOutput }> {
  const last = new Map<string, JobEntry>()
  for (const entry of entries) {
    const before = last.get(entry.job)
    if (entry.outputs.length > 0 && (before == null || (entry.began ?? 0) >= (before.began ?? 0)))
      last.set(entry.job, entry)
  }
  return [...last.values()].flatMap(({ job, outputs }) =>
    outputs.filter(output => path == null || output.path === path).map(output => ({ job, output }))
  )
}

/** @returns the release of this name, or the only artifact whose digest begins so @throws {BakError} `usage` if several do. Pure. */
export function meantBy(rows: ArtifactRow[], text: string): FoundArtifact | undefined {
  const released = byDigest(rows.filter(({ releases }) => releases?.includes(text)))
  const begun = /^[0-9a-f]+$/.test(text) ? byDigest(rows.filter(({ digest }) => digest.startsWith(text))) : []
  const fitting = released.length > 0 ? released : begun
  if (fitting.length > 1) {
    const why = released.length > 0 ? 'is released as' : 'is the begin of'
    throw new BakError(
      'usage',
      `${text} ${why} ${fitting.length} artifacts: write more of its digest: bak artifact find ${text}`
    )
  }
  const [row] = fitting
  if (row == null) return undefined
  const { digest, kind, bytes, made, name } = row
  const path = made[0]?.path
  const called = released.length > 0 ? text : (name ?? (path == null ? digest.slice(0, 12) : posix.basename(path)))
  return { digest, kind, bytes, called }
}

const byDigest = (rows: ArtifactRow[]) => [...new Map(rows.map(row => [row.digest, row])).values()]

export interface Holder {
  peer: string
  name: string
  artifact: ArtifactRow
}

/** @returns who has it stored, this peer first, with what they know of it */
export async function holdersOf(
  parts: Parts,
  digest: string,
  signal: AbortSignal
): Promise<{ holders: Holder[]; silent: Silent[] }> {
  const { told, silent } = await askAll(
    parts,
    peersHere(parts),
    { type: 'artifacts', text: digest, here: true },
    signal
  )
  const holders = told.flatMap(each =>
    rowsOf([each])
      .filter(row => row.digest === digest && row.here)
      .map(artifact => ({ peer: each.peer, name: each.name, artifact }))
  )
  return { holders, silent }
}
