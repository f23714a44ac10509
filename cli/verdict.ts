/** The last lines of a run: the verdict with its cause, what is missing, and the folder of the result. */
import type { EndedEvent, MovedEvent } from '../protocols/events.ts'
import type { JobCounts } from '../protocols/jobs/job-state.ts'
import { listInWords } from '../protocols/list-in-words.ts'
import { describeIterations } from '../protocols/matrix/iteration-summary.ts'
import { describeShortfalls } from '../protocols/shortfall.ts'
import { describeKnee } from '../protocols/tasks/knee.ts'
import { formatDuration, formatObserved, formatVerdict } from './format.ts'
import { countFailed, explainJobs, failuresAtEnd } from './jobs/conclude-jobs.ts'
import type { Progress } from './progress.ts'
import { describeTasks } from './task-progress.ts'

/** Members, shortfalls and other runs that a line names. */
const MAX_NAMED = 4

/**
 * @param answers what the run came to, a line each: how the workload did, and what the members used
 * @param jobs by what became of them
 * @returns two lines or more; the folder stands alone on the last one, or where the result went instead
 */
export function conclude(
  run: string,
  ended: EndedEvent,
  moved?: MovedEvent,
  answers: string[] = [],
  jobs?: JobCounts
): string[] {
  const { verdict, took, reason, partial, observed, folder, holder, iterations = [], remarks = [], knee } = ended
  const cost = observed == null ? [] : [formatObserved(observed)]
  const missing = missingIn(ended)
  // the cost of a run that failed or lacks something is not what a person looks for
  const repeated = describeIterations(iterations, MAX_NAMED)
  const odd = remarks.length === 0 ? [] : [listInWords(remarks, MAX_NAMED)]
  const more = [...missing, ...repeated, ...odd, ...(verdict === 'ok' && missing.length === 0 ? cost : [])].join('; ')
  const why = reason == null ? '' : `: ${reason}`
  return [
    `run ${run}: ${formatVerdict(verdict, jobs)}${partial ? ', partial' : ''} in ${formatDuration(took)}${why}`,
    ...(knee == null ? [] : [describeKnee(knee)]),
    ...answers,
    ...(more === '' ? [] : [more]),
    ...(moved?.error == null ? [] : [`not moved to ${moved.to}: ${moved.error}`]),
    ...(moved?.place != null ? [`moved to ${moved.place}`] : placeOf(folder, holder))
  ]
}

interface Followed extends Pick<Progress, 'tasks' | 'jobs'> {
  /** Whether with why each job was run or not. */
  explain: boolean
}

/** @returns the last lines of a run that was followed to its end */
export async function concludeRun(
  run: string,
  ended: EndedEvent,
  moved: MovedEvent | undefined,
  { tasks, jobs, explain }: Followed
): Promise<string[]> {
  const failures = ended.verdict === 'ok' ? [] : failuresAtEnd(jobs, run)
  const read = await answersAtEnd(ended, moved)
  // the result is at another peer: what was told while it was followed
  const answers = [...failures, ...(read.length > 0 ? read : describeTasks(tasks))]
  return [...(explain ? explainJobs(jobs) : []), ...conclude(run, ended, moved, answers, { failed: countFailed(jobs) })]
}

/** How long reading the result may take before its verdict is printed, ms. */
const ANSWERS_MS = 5_000

/**
 * @returns lines on how the workload did, and one on what the members used; of a run that failed only what its tasks came to until then, and
 * none of one whose result cannot be read here
 */
export async function answersAtEnd({ verdict, folder }: EndedEvent, moved?: MovedEvent): Promise<string[]> {
  const place = moved?.place?.startsWith('/') ? moved.place : folder
  if (place === '') return []
  const { readAnswers } = await import('./show/last-answers.ts')
  return readAnswers(place, verdict === 'ok', AbortSignal.timeout(ANSWERS_MS)).catch(() => [])
}

const placeOf = (folder: string, holder?: string) =>
  folder !== '' ? [folder] : holder == null ? [] : [`the result is on ${holder}`]

function missingIn({ excluded, shortfalls, missing = [], beside, reason }: EndedEvent): string[] {
  // the reason of a run that failed names the cause already
  const out = excluded.map(({ name, phase, code, reason: why }) => `${name} (${phase}: ${reason == null ? why : code})`)
  const files = missing.map(({ name, files }) => `${files} ${files === 1 ? 'file' : 'files'} of ${name}`)
  const others = beside.map(({ run, controller, members }) => `${run} of ${controller} on ${members.join(', ')}`)
  return [
    ...named('without ', out),
    ...named('missing ', describeShortfalls(shortfalls)),
    ...named('missing ', files).map(line => `${line}, named in missing.txt`),
    ...named('at the same time ran ', others)
  ]
}

function named(label: string, items: string[]): string[] {
  return items.length === 0 ? [] : [`${label}${listInWords(items, MAX_NAMED)}`]
}
