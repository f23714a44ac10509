/** What a person writes for a job, a graph or an artifact. Pure. */
import * as v from 'valibot'
import { faultInPath } from '../../../protocols/artifact.ts'
import { BakError } from '../../../protocols/errors.ts'
import { digest, name } from '../../../protocols/fields.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { graphKey } from '../../../protocols/layout.ts'

/** A begin of a digest that is shorter could be anything. */
const MIN_BEGIN = 6

/** @param text `[RUN/]JOB` @throws {BakError} `usage` */
export function readJobReference(text: string): { run?: string; job: string } {
  const at = text.lastIndexOf('/')
  const job = text.slice(at + 1)
  if (!v.is(name, job) || at === 0) throw new BakError('usage', `${text} is no job: write JOB, or RUN/JOB`)
  return at < 0 ? { job } : { run: text.slice(0, at), job }
}

export type ArtifactReference =
  /** An output of a run; `job` where it is said. */
  | { kind: 'output'; run: string; paths: Array<{ job?: string; path?: string }> }
  /** A digest, its begin, or a release. */
  | { kind: 'text'; text: string; isDigest: boolean; isBegin: boolean }

/**
 * @param run what an output may be of; then the text may be a digest or a release, too
 * @returns what it can mean, in the order in which it is looked for
 * @throws {BakError} `usage`
 */
export function readArtifactReference(text: string, run?: string): ArtifactReference[] {
  const isDigest = v.is(digest, text)
  const isBegin = /^[0-9a-f]+$/.test(text) && text.length >= MIN_BEGIN
  const plain: ArtifactReference[] = v.is(name, text) ? [{ kind: 'text', text, isDigest, isBegin }] : []
  if (isDigest) return plain
  const fault = faultInPath(text)
  if (fault != null) throw new BakError('usage', `${text} ${fault}: write a digest, RUN/JOB/OUTPUT, or the name of a release`)
  if (run != null) return [{ kind: 'output', run, paths: pathsOf(text) }, ...plain]
  const [of = '', ...rest] = text.split('/')
  if (rest.length > 0) return [{ kind: 'output', run: of, paths: jobAndPath(rest.join('/')) }]
  if (plain.length > 0) return plain
  throw new BakError('usage', `${text} is no artifact: write a digest, RUN/JOB/OUTPUT, or the name of a release`)
}

/** Of a run that is known: `app`, `link/app`, or `lib/` of which the job has one output. */
const pathsOf = (text: string) => [...jobAndPath(text), { path: text }]

function jobAndPath(text: string): Array<{ job: string; path?: string }> {
  const [job = '', ...rest] = text.split('/')
  return [{ job, ...(rest.length === 0 ? {} : { path: rest.join('/') }) }]
}

/** @returns whether a text means a graph: `setup`, `report`, `work`, `1-default` or `1-default/sample2` */
export function isGraphOf(graph: GraphAt, text: string): boolean {
  const key = graphKey(graph)
  return key === text || graph.role === text || key.startsWith(`${text}/`)
}
