/**
 * What the record and `tasks.json` say of tasks held against what members signed: counts and sums of each member are those of its answers, all
 * members together are their sum, percentiles are those of the histograms within their buckets, and the record has the metrics of that.
 */
import type { CheckedCertificate } from '../certificate.ts'
import { asBakError } from '../errors.ts'
import { RECORD_FILE, stepFolder, tasksFileOf } from '../layout.ts'
import { listInWords } from '../list-in-words.ts'
import { MAX_METRICS } from '../metric.ts'
import type { Step } from '../phase.ts'
import type { RunRecord } from '../record.ts'
import { LogHistogram } from '../tasks/histogram.ts'
import { histogramOf } from '../tasks/histogram-codec.ts'
import { percentilesFor } from '../tasks/percentiles.ts'
import { readTasksFile } from '../tasks/read-tasks-file.ts'
import type { TaskAnswer } from '../tasks/task-answer.ts'
import { differenceIn } from '../tasks/task-difference.ts'
import { taskEntryOf } from '../tasks/task-entry.ts'
import { taskFaultOf } from '../tasks/task-fault.ts'
import { type Distribution, type TaskResult, type TasksFile, TIMES } from '../tasks/tasks-file.ts'
import { countMetrics, isOfTask, MAX_ENTRIES, MAX_RECORD_METRICS, type WorkEntry } from '../work-entry.ts'
import { same } from './proven-run.ts'
import type { Fault } from './report.ts'
import { endOf, errorIn, type SampleAnswers, taskAnswersIn, taskKey } from './task-answers.ts'

/** Members that a fault names. */
const MAX_NAMED = 4
/** Values are counted in whole microseconds, and buckets are a thousandth wide. */
const isNear = (one: number, other: number) => Math.abs(one - other) <= 0.001 + Math.max(one, other) / 1_000

/** @param dir the folder of the result @param certificates in the order of their phases */
export async function checkTaskResults(
  dir: string,
  record: RunRecord,
  certificates: CheckedCertificate[]
): Promise<Fault[]> {
  if (record.spec.task.length === 0) return []
  const answers = taskAnswersIn(certificates, record.roster)
  const entries = Map.groupBy(record.workload.filter(isOfTask), ({ step }) => stepFolder(step))
  const steps = new Map<string, Step>([...answers].map(([sample, { step }]) => [sample, step]))
  for (const [sample, [first]] of entries) if (first != null) steps.set(sample, first.step)
  const faults: Fault[] = []
  for (const [sample, step] of steps) {
    const signed = answers.get(sample) ?? { step, tasks: new Map() }
    try {
      const file = await readTasksFile(dir, step)
      faults.push(...checkSample({ file, signed, entries: entries.get(sample) ?? [], record }))
    } catch (error) {
      faults.push({ where: tasksFileOf(step), what: asBakError(error).message.replace(`${tasksFileOf(step)}: `, '') })
    }
  }
  return faults
}

/** @returns entries of the record that say what the tasks of a sample came to */
export const entriesOfFile = (
  { tasks }: Pick<TasksFile, 'tasks'>,
  signed: SampleAnswers,
  spec: RunRecord['spec']
): WorkEntry[] =>
  tasks.map(each => {
    const error = errorIn(signed.tasks.get(taskKey(each)) ?? new Map()) ?? taskFaultOf(each, spec)
    return taskEntryOf(signed.step, each, error)
  })

interface Sample {
  file: TasksFile | undefined
  signed: SampleAnswers
  entries: WorkEntry[]
  record: RunRecord
}

function checkSample({ file, signed, entries, record }: Sample): Fault[] {
  const where = tasksFileOf(signed.step)
  // the daemon that was killed, or whose disk was full, may have written neither
  const isLost = file == null && record.verdict === 'failed' && entries.length === 0
  if (file == null) return isLost ? [] : [{ where, what: 'is missing: members signed what they measured of tasks' }]
  const faults = file.tasks.flatMap(each =>
    faultsOf(each, signed.tasks.get(taskKey(each)) ?? new Map(), record).map(what => ({
      where,
      what: `${each.task}: ${what}`
    }))
  )
  const known = new Set(file.tasks.map(taskKey))
  for (const [key, answers] of signed.tasks) {
    const signers = [...answers].flatMap(([member, { samples, warmup }]) => (samples + warmup > 0 ? [member] : []))
    if (known.has(key) || signers.length === 0) continue
    const named = listInWords(signers, MAX_NAMED)
    faults.push({ where, what: `${named} signed samples of element ${key}, which it has not` })
    break
  }
  if (!same(entries, fitted(entriesOfFile(file, signed, record.spec), entries, record)))
    faults.push({
      where: RECORD_FILE,
      what: `its results of the tasks of ${stepFolder(signed.step)} are not those of ${where}`
    })
  return faults
}

/** A record that is full has the last of its entries without metrics, or not at all. */
function fitted(due: WorkEntry[], told: WorkEntry[], { workload }: RunRecord): WorkEntry[] {
  const isFull = workload.length >= MAX_ENTRIES || countMetrics(workload) > MAX_RECORD_METRICS - MAX_METRICS
  if (!isFull) return due
  return due.slice(0, told.length).map((each, i) => (told[i]?.metrics == null ? { ...each, metrics: undefined } : each))
}

function faultsOf(result: TaskResult, answers: Map<string, TaskAnswer>, record: RunRecord): string[] {
  const faults: string[] = []
  for (const each of result.members) {
    const answer = answers.get(each.member)
    if ((answer == null) !== (each.lost === true))
      faults.push(`${each.member} ${answer == null ? 'signed nothing of it' : 'signed it, and is said to be lost'}`)
    const difference = answer == null ? undefined : differenceIn(each, answer)
    if (difference != null && !isTold(record, each.member, result.task)) faults.push(`${each.member}: ${difference}`)
  }
  for (const [member, { samples, warmup }] of answers)
    if (samples + warmup > 0 && !result.members.some(each => each.member === member))
      faults.push(`${member} signed ${samples + warmup} requests of it, and is not among its members`)
  for (const key of ['samples', 'warmup', 'failed'] as const)
    if (result[key] !== result.members.reduce((sum, each) => sum + each[key], 0))
      faults.push(`its ${key} are not those of its members together`)
  if (result.ended !== endOf(answers.values())) faults.push(`its members signed that it ended otherwise`)
  for (const time of TIMES) {
    const parts = result.members.flatMap(each => each[time] ?? [])
    const what = faultInTime(result, result[time], parts)
    if (what != null) faults.push(`${time}: ${what}`)
    for (const each of result.members) {
      const its = faultInTime(each, each[time])
      if (its != null) faults.push(`${time} of ${each.member}: ${its}`)
    }
  }
  return faults
}

/** What was not as signed was named by the controller. */
const isTold = ({ shortfalls }: RunRecord, member: string, task: string) =>
  shortfalls.some(each => each.kind === 'workload' && each.member === member && each.what === task)

function faultInTime(
  { samples }: Pick<TaskResult, 'samples'>,
  distribution: Distribution | undefined,
  parts?: Distribution[]
): string | undefined {
  if (distribution == null) return samples === 0 ? undefined : 'it is missing'
  const histogram = histogramOf(distribution)
  if (histogram.count !== samples) return `its histogram has ${histogram.count} values of ${samples}`
  const shown = percentilesFor(samples)
  const found = histogram.quantiles(shown.map(each => each / 100))
  const told = Object.keys(distribution.percentiles)
  if (told.length !== shown.length) return 'its percentiles are not those that so many samples show'
  for (const [i, each] of shown.entries()) {
    const value = distribution.percentiles[each]
    if (value == null || !isNear(value, (found[i] as number) / 1000))
      return `its percentile ${each} is not that of its histogram`
  }
  const { min, max } = histogram.range ?? { min: 0, max: 0 }
  if (!isNear(distribution.mean, histogram.mean / 1000)) return 'its mean is not that of its histogram'
  if (!isNear(distribution.min, min / 1000) || !isNear(distribution.max, max / 1000))
    return 'its least or greatest value is not in its histogram'
  if (parts == null) return undefined
  const sum = new LogHistogram()
  for (const each of parts) sum.add(histogramOf(each))
  return same([...sum.buckets()], [...histogram.buckets()]) ? undefined : 'its histogram is not that of its members'
}
