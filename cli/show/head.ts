/** What a run was, and where its result is: the first lines of `bak show`. */
import type { RunView } from '../../protocols/control.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { groupsOf } from '../../protocols/tasks/elements.ts'
import type { Task } from '../../protocols/tasks/task.ts'
import { nameOf } from '../../protocols/tasks/task-parameters.ts'
import { formatFacts } from '../../protocols/text-table.ts'
import { isOfProgram } from '../../protocols/work-entry.ts'
import { formatCommand, formatDuration, formatLabels, formatTime, formatVerdict } from '../format.ts'
import { describeWorkload } from '../instances.ts'
import { describeCounts } from '../jobs/job-progress.ts'

/** Members and runs that a line names. */
const MAX_NAMED = 8
/** Characters of a command: a script may have many lines. */
const MAX_COMMAND = 120

/** @param isWhole also what is seldom asked for */
export function formatHead(
  {
    run,
    controller,
    holder,
    digest,
    folder = holder && `on ${holder}`,
    moved,
    due,
    line,
    resumedBy = [],
    tags
  }: RunView,
  record: RunRecord | undefined,
  isWhole: boolean
): string {
  const places = {
    folder,
    'moved to': moved,
    'not moved': due && `to ${due.to}: ${due.reason}; bak move ${run} ${due.to}`
  }
  if (record == null) {
    const { name, verdict, jobs, controller: by } = line ?? {}
    const head = { run, name, verdict: verdict && formatVerdict(verdict, jobs), controller: by?.name ?? controller }
    return formatFacts({ ...head, manifest: digest, ...places })
  }
  const { name, state, verdict, partial, reason, created, ended, took, spec, program, workload, roster } = record
  const measured = roster.filter(({ driver }) => !driver).map(each => each.name)
  const cut = (text: string) => (isWhole || text.length <= MAX_COMMAND ? text : `${text.slice(0, MAX_COMMAND)}...`)
  const length = ended == null ? '' : `, took ${formatDuration(took ?? ended - created)}`
  return formatFacts({
    run: `${run}${name === '' ? '' : ` ${name}`}`,
    verdict: `${formatVerdict(verdict ?? state, record.jobs)}${partial ? ', partial' : ''}${reason == null ? '' : `: ${reason}`}`,
    members: measured.length === 0 ? undefined : `${measured.length}: ${listInWords(measured, MAX_NAMED)}`,
    began: `${formatTime(created)} UTC${length}`,
    samples: describeSamples(record),
    command: spec.command && cut(formatCommand(spec.command)),
    workloads: spec.workload.map(each => cut(describeWorkload(each))).join('; '),
    resumes: record.resumes == null ? undefined : describeResumed(record.resumes),
    'resumed by': listInWords(resumedBy, MAX_NAMED),
    tasks: describeTasks(spec.task),
    jobs: describeJobs(record),
    exit: describeExits(workload.filter(each => each.member == null && isOfProgram(each))),
    tags: formatLabels(spec.tags),
    'tags given later': tags && formatLabels(tags),
    ...(isWhole ? { controller: record.controller.name, version: program, manifest: digest } : {}),
    ...places
  })
}

/** `index (4 clients), search (8 clients) with update (2 clients)`: elements of the schedule in their order */
function describeTasks(tasks: Task[]): string {
  const described = groupsOf(tasks).map(all =>
    all.map(each => `${nameOf(each)} (${each.clients} ${each.clients === 1 ? 'client' : 'clients'})`).join(' with ')
  )
  return listInWords(described, MAX_NAMED)
}

/** `6: headers, lib, tool and 3 more; 4 done, 1 failed, 1 skipped` */
function describeJobs({ spec: { job }, jobs = {} }: RunRecord): string {
  if (job.length === 0) return ''
  const counted = describeCounts(jobs)
  const names = listInWords(
    job.map(({ name }) => name),
    MAX_NAMED
  )
  return `${job.length}: ${names}${counted === '' ? '' : `; ${counted}`}`
}

/** `0`, or `0 (11 samples), 3 (1 sample)`, of the command of the controller */
function describeExits(entries: RunRecord['workload']): string {
  const ways = entries.map(({ exit, signal, timedOut, error }) => {
    const how = exit ?? (Number(signal) ? `signal ${signal}` : signal)
    return `${how}${timedOut ? ' (timeout)' : ''}${error == null ? '' : ` (${error})`}`
  })
  const counted = [...Map.groupBy(ways, way => way)]
  if (counted.length < 2) return ways[0] ?? ''
  return counted.map(([way, { length }]) => `${way} (${length} ${length === 1 ? 'sample' : 'samples'})`).join(', ')
}

/** `2 iterations, 3 samples each`; nothing for one sample */
function describeSamples({ workload }: RunRecord): string {
  const taken = new Set(workload.filter(({ step }) => step.warmup == null).map(({ step }) => stepFolder(step)))
  const counts = [...Map.groupBy(taken, each => each.split('/')[0]).values()].map(each => each.length)
  if (taken.size < 2) return ''
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  if (counts.length === 1) return String(least)
  return `${counts.length} iterations, ${least === most ? least : `${least} to ${most}`} samples each`
}

/** Where the samples are that this result does not have. */
function describeResumed({ run, taken, before }: NonNullable<RunRecord['resumes']>): string {
  const its = taken.length - before
  const earlier = before === 0 ? '' : `, and ${before} of runs before it`
  return `${run}, which has ${its} ${its === 1 ? 'sample' : 'samples'} of the same matrix${earlier}`
}
