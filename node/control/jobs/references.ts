/** What a person writes for a job, a graph or an artifact. Pure. */
import * as v from 'valibot'
import { faultInPath } from '../../../protocols/artifact.ts'
import { BakError } from '../../../protocols/errors.ts'
import { name } from '../../../protocols/fields.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { graphKey } from '../../../protocols/layout.ts'

/** A begin of a digest that is shorter could be anything. */
const MIN_BEGIN = 6
const REMEDY = 'write a digest or its begin, RUN/JOB/OUTPUT, or the name of a release: bak artifact ls'

/** @param text `[RUN/]JOB` @throws {BakError} `usage` */
export function readJobReference(text: string): { run?: string; job: string } {
  const at = text.lastIndexOf('/')
  const job = text.slice(at + 1)
  if (!v.is(name, job) || at === 0) throw new BakError('usage', `${text} is no job: write JOB, or RUN/JOB`)
  return at < 0 ? { job } : { run: text.slice(0, at), job }
}

/** An output of a job, or of whichever job has it; without a path the only output of the job. */
export interface OutputReference {
  job?: string
  path?: string
}

/** What a text may mean, in the order in which it is looked for. */
export interface ArtifactReference {
  outputs?: { run: string; any: OutputReference[] }
  release?: string
  /** A digest, or the begin of one. */
  digest?: string
}

/** @param run whose outputs it may be, too @throws {BakError} `usage` */
export function readArtifactReference(text: string, run?: string): ArtifactReference {
  if (/^[0-9a-f]{64}$/.test(text)) return { digest: text }
  const fault = faultInPath(text)
  if (fault != null) throw new BakError('usage', `${text} ${fault}: ${REMEDY}`)
  const [first = '', ...rest] = text.split('/')
  if (run == null && rest.length > 0) return { outputs: { run: first, any: [jobAndPath(rest)] } }
  if (run == null && !isName(text)) throw new BakError('usage', `${text} is no artifact: ${REMEDY}`)
  return {
    ...(run == null ? {} : { outputs: { run, any: [{ path: text }, jobAndPath([first, ...rest])] } }),
    ...(isName(text) ? { release: text } : {}),
    ...(/^[0-9a-f]+$/.test(text) && text.length >= MIN_BEGIN ? { digest: text } : {})
  }
}

const isName = (text: string): boolean => v.is(name, text)

const jobAndPath = ([job = '', ...path]: string[]): OutputReference =>
  path.length === 0 ? { job } : { job, path: path.join('/') }

/** @returns whether a text means a graph: `setup`, `report`, `work`, `1-default` or `1-default/sample2` */
export function isGraphOf(graph: GraphAt, text: string): boolean {
  const key = graphKey(graph)
  return key === text || graph.role === text || key.startsWith(`${text}/`)
}
