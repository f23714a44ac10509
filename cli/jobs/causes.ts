/** Why jobs of a graph did not come to their end: of each that failed, the chains of those that inherit its failure. Pure. */
import type { JobState } from '../../protocols/jobs/job-state.ts'
import { listInWords } from '../../protocols/list-in-words.ts'

/** What became of a job, as its events or `jobs.json` have it. */
export interface EndedJob {
  job: string
  state: JobState
  needs: readonly string[]
  member?: string | undefined
  attempt?: number | undefined
  reason?: string | undefined
  /** Of one that was skipped: the jobs whose failure it inherits. */
  from?: readonly string[] | undefined
  /** Last lines of its log. */
  tail?: readonly string[] | undefined
}

export interface Failure {
  job: string
  /** `lib failed on n2, attempt 1: exit 1 in phase build` */
  how: string
  /** Jobs that nobody needs and that were skipped for it: each with those through which the failure came, the failed one last. */
  chains: string[][]
  tail: readonly string[]
  /** A member has begun it. */
  hasLog: boolean
}

/** @param jobs of one graph @returns a failure for each job that failed, in their order */
export function failuresIn(jobs: readonly EndedJob[]): Failure[] {
  const failed = jobs.filter(({ state }) => state === 'failed')
  if (failed.length === 0) return []
  const skipped = new Map<string, string[]>()
  for (const { job, needs, state } of jobs) {
    if (state !== 'skipped') continue
    for (const need of needs) {
      const others = skipped.get(need)
      if (others == null) skipped.set(need, [job])
      else others.push(job)
    }
  }
  return failed.map(each => ({
    job: each.job,
    how: describeFailed(each),
    chains: chainsFrom(each.job, skipped),
    tail: each.tail ?? [],
    hasLog: (each.attempt ?? 0) > 0
  }))
}

export function describeFailed({ job, member, attempt, reason }: EndedJob): string {
  const where = [...(member == null ? [] : [`on ${member}`]), ...(attempt ? [`attempt ${attempt}`] : [])].join(', ')
  return `${job} failed${where === '' ? '' : ` ${where}`}${reason == null ? '' : `: ${reason}`}`
}

/** The shortest one to each. @param skipped jobs that were skipped, by what they need */
function chainsFrom(failed: string, skipped: ReadonlyMap<string, string[]>): string[][] {
  const cameFrom = new Map<string, string | undefined>([[failed, undefined]])
  // a map goes on with what is added while it is read
  for (const [job] of cameFrom)
    for (const next of skipped.get(job) ?? []) if (!cameFrom.has(next)) cameFrom.set(next, job)
  const last = [...cameFrom.keys()].filter(job => job !== failed && !skipped.has(job))
  return last.map(job => {
    const chain: string[] = []
    for (let at: string | undefined = job; at != null; at = cameFrom.get(at)) chain.push(at)
    return chain
  })
}

/** Jobs that one line names. */
const MAX_NAMED = 4

/** @param from of one that was skipped @returns nothing where that is not known */
export const inheritedFrom = (from: readonly string[] = []): string | undefined =>
  from.length === 0 ? undefined : `inherited from ${listInWords([...from], MAX_NAMED)}`

/** @returns why it is in its state: what it inherits, why it failed or waits, why it was run or not */
export const whyOfJob = ({ state, from, reason, why }: Explained): string | undefined =>
  inheritedFrom(from) ?? reason ?? whyRun({ state, why })

interface Explained extends Pick<EndedJob, 'state' | 'from' | 'reason'> {
  /** `its result is known`; of one that was run what the controller did not find: `no result of it is known` */
  why?: string | undefined
}

/** @returns `its result is known`, `run because input src has changed` */
export const whyRun = ({ state, why }: Pick<Explained, 'state' | 'why'>): string | undefined =>
  why == null || state === 'reused' || state === 'left-out' ? why : `run because ${why}`

/** Failures that are told whole, and chains of each. */
const MAX_FAILURES = 4
const MAX_CHAINS = 3

/**
 * @param run of `bak job log`
 * @param lines whether with the last lines of each log
 * @returns lines of text: of each failure its chains or itself, then the last lines of its log, and what tells the rest
 */
export function describeFailures(failures: Failure[], run: string, lines = true): string[] {
  const told = failures.slice(0, MAX_FAILURES).flatMap(({ job, how, chains, tail, hasLog }) => {
    const more = chains.length - MAX_CHAINS
    return [
      ...(chains.length === 0 ? [how] : chains.slice(0, MAX_CHAINS).map(chain => chainInWords(chain, how))),
      ...(more > 0 ? [`and ${more} more jobs that nobody needs <- ${job}`] : []),
      ...(lines && tail.length > 0 ? [`  last lines of ${job}:`, ...tail.map(line => `  | ${line}`)] : []),
      ...(lines && hasLog ? [`  its log: bak job log ${run}/${job}`] : [])
    ]
  })
  const more = failures.slice(MAX_FAILURES).map(({ job }) => job)
  return more.length === 0 ? told : [...told, `${more.length} more jobs failed: ${listInWords(more, MAX_NAMED)}`]
}

/** `app skipped <- lib failed on n2, attempt 1: exit 1` */
const chainInWords = (chain: string[], how: string) =>
  [...chain.slice(0, -1).map(job => `${job} skipped`), how].join(' <- ')
