/** A result that a member signed is taken only if it is of what the member was offered. Pure. */
import { type Envelope, open, type Signed } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { type JobResult, jobResultSubject, type PlacedInput } from '../../../protocols/jobs/job-result.ts'
import { graphKey } from '../../../protocols/layout.ts'

/** What was offered. */
export interface ExpectedResult {
  run: string
  graph: GraphAt
  job: string
  attempt: number
  key: string
  inputs: PlacedInput[]
  /** Paths. */
  outputs: string[]
}

/** @throws {BakError} `bad-signature`, `bad-message`, or `mismatch` naming what it is not of */
export function checkedResult(sealed: Envelope, peer: string, expected: ExpectedResult): Signed<JobResult> {
  if (sealed.by !== peer) throw new BakError('bad-signature', 'its result is signed by a key that is not its own')
  const result = open(jobResultSubject, sealed)
  const wrong = mistakeIn(result.value, expected)
  if (wrong != null) throw new BakError('mismatch', `its result has another ${wrong} than was offered`)
  return result
}

/** @returns in what a result differs from what was offered */
function mistakeIn(result: JobResult, expected: ExpectedResult): string | undefined {
  if (result.run !== expected.run) return 'run'
  if (graphKey(result.graph) !== graphKey(expected.graph)) return 'graph'
  if (result.job !== expected.job) return 'job'
  if (result.attempt !== expected.attempt) return 'attempt'
  if (result.key !== expected.key) return 'key'
  if (!areAlike(result.inputs.map(inputText), expected.inputs.map(inputText))) return 'list of inputs'
  const paths = result.outputs.map(({ path }) => path)
  if (result.outcome === 'done' && !areAlike(paths, expected.outputs)) return 'list of outputs'
  return undefined
}

const inputText = ({ path, digest }: PlacedInput) => `${digest} ${path}`

/** In any order. */
function areAlike(some: string[], others: string[]): boolean {
  if (some.length !== others.length) return false
  const sorted = others.toSorted()
  return some.toSorted().every((each, at) => each === sorted[at])
}
