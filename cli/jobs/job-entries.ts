/** Jobs of a result as tables, causes and JUnit cases need them: by graph, from `jobs.json`. Pure. */

import { reasonOf } from '../../protocols/jobs/job-result.ts'
import type { JobCounts } from '../../protocols/jobs/job-state.ts'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'
import { resultOf } from '../../protocols/jobs/read-jobs-file.ts'
import type { EndedJob } from './causes.ts'
import { nameOfGraph } from './job-progress.ts'

/** Lines of a log that begin so are for bak. */
const MARK = '#BAK:'

export interface GraphEntries {
  /** `setup`, `report`, or the sample. */
  name: string
  graph: JobEntry['graph']
  entries: JobEntry[]
  counts: JobCounts
}

/** @returns the graphs in the order in which they ran */
export function graphsIn(entries: readonly JobEntry[]): GraphEntries[] {
  const byGraph = [...Map.groupBy(entries, ({ graph }) => nameOfGraph(graph))]
  return byGraph.map(([name, all]) => ({
    ...{ name, graph: (all[0] as JobEntry).graph, entries: all },
    counts: countsOf(all)
  }))
}

export function countsOf(entries: readonly JobEntry[]): JobCounts {
  const counts: JobCounts = {}
  for (const { state } of entries) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

/** @param lines of its log that are told @returns what is told of how it ended; of one that failed with what its member signed */
export function endedJob(entry: JobEntry, lines: number): EndedJob {
  const { job, state, needs, member, reason, from, attempts } = entry
  const result = state === 'failed' ? resultOf(entry) : undefined
  return {
    ...{ job, state, needs, member, from, attempt: attempts.findLast(({ outcome }) => outcome !== 'refused')?.attempt },
    reason: result == null ? reason : reasonOf(result),
    tail: lines === 0 ? [] : result?.tail.filter(line => !line.startsWith(MARK)).slice(-lines)
  }
}

/** @returns attempts that a member began: a refused offer is none */
export const attemptsOf = ({ attempts }: Pick<JobEntry, 'attempts'>): number =>
  attempts.filter(({ outcome }) => outcome !== 'refused').length
