/** Results of jobs that peers told, as far as their signatures are good: whoever told them, and what became of a job where no more is known. */
import type { ProvenResult } from '../../../protocols/control.ts'
import { type Envelope, open } from '../../../protocols/envelope.ts'
import { asBakError } from '../../../protocols/errors.ts'
import { jobResultSubject } from '../../../protocols/jobs/job-result.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { graphKey } from '../../../protocols/layout.ts'
import type { Parts } from '../../parts.ts'

/** @returns each once; what has no good signature is left out */
export function provenResults(parts: Parts, results: Envelope[]): ProvenResult[] {
  const proven = new Map<string, ProvenResult>()
  for (const sealed of results) {
    try {
      const { by, value } = open(jobResultSubject, sealed)
      const { run, graph, job, attempt } = value
      proven.set(JSON.stringify([by, run, graph, job, attempt]), { ...value, by, byName: nameOf(parts, by) })
    } catch (cause) {
      parts.log.refused('result of a job refused', { from: sealed.by, code: asBakError(cause).code })
    }
  }
  return [...proven.values()]
}

/** @returns an entry for each job of each graph: what it needed, and attempts without a result, nobody knows. Pure. */
export function entriesOfResults(results: ProvenResult[]): JobEntry[] {
  const byJob = Map.groupBy(results, ({ graph, job }) => `${graphKey(graph)} ${job}`)
  return [...byJob.values()].map(all => {
    const attempts = all
      .sort((a, b) => a.attempt - b.attempt)
      .map(({ attempt, byName, by, outcome, error, began = 0, duration }) => ({
        ...{ attempt, member: byName ?? by.slice(-12), outcome, reason: error },
        ...{ offered: began, ended: began + duration }
      }))
    const { graph, job, outcome, by, run, error, began, duration, outputs } = all.at(-1) as ProvenResult
    return {
      ...{ graph, job, role: graph.role, state: outcome, needs: [], attempts, by, run, reason: error },
      ...{ member: attempts.at(-1)?.member, began, duration, outputs }
    }
  })
}

export const nameOf = ({ members, identity }: Pick<Parts, 'members' | 'identity'>, peer: string): string =>
  members.get(peer)?.shown ?? (peer === identity.peer ? members.self.name : peer.slice(-12))
