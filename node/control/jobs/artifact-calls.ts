/** Calls about what artifacts there are: on each peer, and how one of them came to be. */
import type { ProvenResult } from '../../../protocols/control/jobs.ts'
import type { CallInput, CallResponse, HandlerOptions } from '../../../protocols/control.ts'
import { type ArtifactRow, MAX_EARLIER } from '../../../protocols/jobs/job-records.ts'
import type { Parts } from '../../parts.ts'
import { resolveRun } from '../find-run.ts'
import { askAll, askEach, peersHere } from './ask-records.ts'
import { findArtifact, holdersOf } from './find-artifact.ts'
import { entriesOf } from './find-job.ts'
import { provenResults } from './proven-results.ts'

/** Results that are told of one artifact. */
const MOST_MADE = 64

/** One answer for each peer, as they come. */
export async function* artifacts(
  parts: Parts,
  { text, run: of }: CallInput<'artifacts'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'artifacts'>> {
  const run = of == null ? undefined : await resolveRun(parts, of)
  const taken = run == null ? undefined : await takenBy(parts, run, signal)
  // what was only heard of is told where somebody looks for it
  const here = run == null && text == null ? { here: true as const } : {}
  for await (const { member, answers, error } of askEach(
    parts,
    peersHere(parts),
    { type: 'artifacts', text, run, earlier: taken?.runs, ...here },
    signal
  )) {
    const rows = answers.flatMap(each => each.artifacts)
    const isOfRun = ({ digest, made }: ArtifactRow) => taken?.digests.has(digest) || made.some(each => each.run === run)
    yield { ...member, artifacts: run == null ? rows : rows.filter(isOfRun), ...error }
  }
}

/** @returns what a run has taken of earlier ones, in the place of running its jobs, and of which */
async function takenBy(parts: Parts, run: string, signal: AbortSignal) {
  const known = await entriesOf(parts, run, undefined, signal)
  const reused = known?.entries.filter(({ state }) => state === 'reused') ?? []
  const runs = [...new Set(reused.flatMap(entry => entry.run ?? []))].slice(0, MAX_EARLIER)
  return { runs, digests: new Set(reused.flatMap(({ outputs }) => outputs.map(({ digest }) => digest))) }
}

export async function* artifact(
  parts: Parts,
  { what, run }: CallInput<'artifact'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'artifact'>> {
  const { digest, kind, bytes, output } = await findArtifact(parts, { what, run }, signal)
  const { holders, silent } = await holdersOf(parts, digest, signal)
  const asked = await askAll(parts, peersHere(parts), { type: 'provenance', digest }, signal)
  const results = asked.told.flatMap(({ answers }) => answers.flatMap(each => each.results))
  yield {
    ...{ digest, kind, bytes, holders },
    made: inOrder(provenResults(parts, results), output),
    silent: silent.map(({ name, reason }) => ({ name, reason }))
  }
}

/** Jobs may have made the same: @returns that of the job that was asked for first, then the newest. Pure. */
export function inOrder(results: ProvenResult[], output?: { run: string; job: string }): ProvenResult[] {
  const weight = ({ job, run }: ProvenResult) => (job === output?.job ? (run === output.run ? 2 : 1) : 0)
  return results.sort((a, b) => weight(b) - weight(a) || (b.began ?? 0) - (a.began ?? 0)).slice(0, MOST_MADE)
}
