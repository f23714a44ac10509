/** What is left of a run that was cut short: the samples that its result does not have, as an order for a run of its own. */
import type { CheckedCertificate } from '../../protocols/certificate.ts'
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { isFinal } from '../../protocols/jobs/job-state.ts'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'
import { readJobsFile } from '../../protocols/jobs/read-jobs-file.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { plannedSamples, type TakenSample } from '../../protocols/matrix/due-samples.ts'
import { outcomeOf } from '../../protocols/matrix/iteration-summary.ts'
import { checkSeal, type RunRecord, type RunSummary } from '../../protocols/record.ts'
import type { Resumed } from '../../protocols/resumed.ts'
import { nameOf } from '../../protocols/tasks/task-parameters.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { evidenceIn } from './evidence.ts'
import type { RunRequest } from './run-parts.ts'

/** Jobs that an error names. */
const MAX_NAMED = 8

/** Nothing is left: why, in words. */
export interface Complete {
  complete: string
}
export type Rest = Omit<RunRequest, 'env'> & { resumes: Resumed }

export interface CutShort {
  folder: RunFolder
  /** Peer id of this peer. */
  self: string
  /** Of all runs whose results are here. */
  summaries: RunSummary[]
}

/**
 * @throws {BakError} `busy` for a run that goes on, `usage` for one of another controller, one that was resumed already and one that lacks only its report, `damaged`
 * for a record that is not as it was sealed
 */
export async function restOf(run: string, { folder, self, summaries }: CutShort): Promise<Rest | Complete> {
  if (!folder.isSealed())
    throw new BakError('busy', `${run} has not ended, or its result has no seal yet: bak show ${run}`)
  const text = await folder.readRecordText()
  const record = checkSeal(text)
  const { controller, spec, directory } = record
  if (controller.peer !== self)
    throw new BakError(
      'usage',
      `${run} was driven by ${controller.name}: its rest would run on another machine than its begin`
    )
  const { certificates } = await evidenceIn(folder)
  const [before, here] = [record.resumes?.taken ?? [], takenIn(record, certificates)]
  const taken = [...before, ...here]
  const left = plannedSamples(spec, taken).filter(({ warmup }) => warmup == null)
  if (left.length === 0) {
    const jobs = unreportedIn(record, (await readJobsFile(folder.root)) ?? [])
    if (jobs.length > 0)
      throw new BakError(
        'usage',
        `all samples of ${run} were taken, and jobs that report on them were not: ${listInWords(jobs, MAX_NAMED)}. These need the samples in their own result: take it again with bak run`
      )
    return { complete: `nothing is missing in ${run}: all its samples were taken` }
  }
  const later = summaries.findLast(each => each.resumes === run)
  if (later != null) throw new BakError('usage', `${run} was resumed by ${later.run}: bak resume ${later.run}`)
  const resumes = { run, record: digestOf(Buffer.from(text)), taken, before: before.length }
  return { spec, directory, resumes }
}

const wasCutShort = ({ verdict }: Pick<RunRecord, 'verdict'>) => verdict !== 'ok' && verdict !== 'workload-failed'

/** @returns names of the jobs of the role `report` that a run which was cut short has not brought to an end. Pure. */
export function unreportedIn(
  record: Pick<RunRecord, 'verdict'> & { spec: Pick<RunRecord['spec'], 'job'> },
  entries: Array<Pick<JobEntry, 'graph' | 'job' | 'state'>>
): string[] {
  if (!wasCutShort(record)) return []
  const ended = new Set(
    entries.flatMap(({ graph, job, state }) =>
      graph.role === 'report' && isFinal(state) && state !== 'cancelled' ? [job] : []
    )
  )
  return record.spec.job.flatMap(({ name, role }) => (role === 'report' && !ended.has(name) ? [name] : []))
}

/** A task that was cut short has not failed, and one that was not begun has no result. */
const lacksTask = (results: RunRecord['workload'], { task }: Pick<RunRecord['spec'], 'task'>) =>
  task
    .map(nameOf)
    .some(each => !results.some(({ member, name, stopped }) => member == null && name === each && !stopped))

/**
 * Pure. A sample counts if what it left was sent: without that its telemetry is not here. What a workload came to that was ended with its
 * run says nothing.
 * @returns the samples that a result has, without warm-ups
 */
export function takenIn(
  record: Pick<RunRecord, 'spec' | 'workload' | 'verdict' | 'triggered'>,
  certificates: CheckedCertificate[]
): TakenSample[] {
  const phases = certificates.flatMap(({ value }) => value ?? [])
  const sent = new Set(
    phases.flatMap(({ phase, step, verdict }) =>
      phase === 'send' && step != null && verdict === 'met' ? [stepFolder(step)] : []
    )
  )
  const last = phases.findLast(({ phase }) => phase === 'work')?.step
  // the windows of triggers are one execution of the command: all of them, or none
  const isWhole = (record.triggered ?? []).every(
    ({ sample }) => last == null || sent.has(stepFolder({ ...last, sample }))
  )
  const counted = record.workload.filter(({ step }) => step.warmup == null && sent.has(stepFolder(step)) && isWhole)
  return [...Map.groupBy(counted, ({ step }) => stepFolder(step))].flatMap(([folder, results]) => {
    const step = results[0]?.step
    const outcome = outcomeOf(results, record.spec)
    const isBroken = outcome.failed || lacksTask(results, record.spec)
    const isCut = wasCutShort(record) && isBroken && last != null && stepFolder(last) === folder
    return step == null || isCut ? [] : [{ step, ...outcome }]
  })
}
