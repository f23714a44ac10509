/** `bak show`: what a run came to, its answers first. */
import type { Command } from 'commander'
import type { RunView } from '../../protocols/control.ts'
import { whyOf } from '../../protocols/errors.ts'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'
import { readJobsFile } from '../../protocols/jobs/read-jobs-file.ts'
import { JOBS_FILE } from '../../protocols/layout.ts'
import { metricSamples } from '../../protocols/metric-samples.ts'
import { type RunRecord, readRecord } from '../../protocols/record.ts'
import { tagsBeside } from '../../protocols/tags-beside.ts'
import { terminalWidth } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, RESULT, setAction } from '../command.ts'
import { readComplaints } from '../journal.ts'
import { OF_ANSWERS } from '../result/answers.ts'
import { findResult } from '../result/find-result.ts'
import { type Measurements, measure } from '../result/measure.ts'
import { SHOWN } from '../result/member-lines.ts'
import { openFolder, type Result } from '../result/open-result.ts'
import { type ResourceName, resources } from '../result/resources.ts'
import { type ReadTasks, readTasks, type UnreadTasks } from '../result/tasks.ts'
import { formatComplaints } from '../show/complaints.ts'
import { certificatesIn, formatCertificates, formatDetails, readCertificate } from '../show/details.ts'
import { formatFirst } from '../show/first-screen.ts'
import { formatHead } from '../show/head.ts'
import { formatJobs } from '../show/jobs.ts'
import { formatSection } from '../show/section.ts'
import { plainSample } from '../show/task-json.ts'
import { formatTasks } from '../show/tasks.ts'

const ON_SCREEN = [...new Set([...SHOWN, ...OF_ANSWERS])]

interface Options {
  all?: boolean
}

export function define(command: Command): void {
  command.argument('<run>', RESULT)
  addFlag(command, '--all', 'also the machines, clocks, costs, tarballs and certificates')
  addExamples(command, {
    'bak show last': 'metrics of the workload, busiest disk, processors, a line a member, and what is missing',
    'bak show last --all': 'also the machines, clocks, costs, tarballs and certificates',
    'bak show last --json | jq .record.spec': 'the spec'
  })
  setAction<Options>(command, act)
}

async function act(context: Context, { all = false }: Options, run = ''): Promise<void> {
  const { json, print, printLines } = context
  const { folder, view: known } = await findResult(context, run)
  const opened = folder == null ? undefined : await openFolder(folder, known?.record)
  const record = opened?.record ?? (known?.record == null ? undefined : readRecord(known.record))
  const view = known ?? (await ownView(record as RunRecord, folder))
  const certificates = view.certificates.map(readCertificate)
  const complaints = folder == null ? [] : await readComplaints(folder)
  const measurements = opened && (await measure(opened, json ? (Object.keys(resources) as ResourceName[]) : ON_SCREEN))
  const tasks = opened && (await tasksOf(opened))
  const jobs = folder == null ? undefined : await jobsOf(folder)
  if (json) {
    const metrics = record && metricSamples(record)
    const answer = { ...view, record, manifest: undefined, certificates, warnings: complaints }
    return print(
      JSON.stringify({ ...answer, metrics, jobs: jobs?.entries, ...withoutPoints(measurements, tasks, jobs) })
    )
  }
  const width = terminalWidth()
  const sections =
    record == null
      ? [formatHead(view, record, all)]
      : [
          formatHead(view, record, all),
          ...formatFirst(record, measurements?.measured, width, [
            ...formatTasks(record, tasks?.samples ?? [], all, width),
            ...formatJobs(record, jobs?.entries ?? [], all, width)
          ]),
          ...formatComplaints(record, complaints, measurements?.unread ?? [], all),
          formatUnread([...(tasks?.unread ?? []), ...(jobs?.unread ?? [])]),
          ...(all ? formatDetails(record, folder == null ? `on ${view.holder ?? 'another peer'}` : 'here') : [])
        ]
  const elsewhere = view.holder == null ? '' : `, and on ${view.holder} what the members used`
  const more = `more: bak show ${view.run} --all${folder == null ? elsewhere : `, bak metrics ${view.run}`}`
  const rest = all ? [formatCertificates(certificates)] : [more]
  await printLines([...sections, ...rest].filter(section => section !== '').join('\n\n'))
}

/** Of a folder that is looked at without a daemon. */
const ownView = async ({ run, controller }: RunRecord, folder?: string): Promise<RunView> => ({
  ...{ run, controller: controller.peer, certificates: folder == null ? [] : await certificatesIn(folder) },
  ...(folder == null ? {} : { folder, tags: await tagsBeside(folder) })
})

/** Of a run without tasks no sample is looked at. */
const tasksOf = ({ folder, record, samples }: Result): Promise<ReadTasks> =>
  readTasks(folder, record.spec.task.length === 0 ? [] : samples.map(({ step }) => step))

/** @returns no entries where the run has no jobs */
const jobsOf = (folder: string): Promise<{ entries?: JobEntry[]; unread: UnreadTasks[] }> =>
  readJobsFile(folder).then(
    entries => ({ ...(entries == null ? {} : { entries }), unread: [] }),
    cause => ({ unread: [{ path: JOBS_FILE, reason: whyOf(cause) }] })
  )

const formatUnread = (unread: UnreadTasks[]) =>
  formatSection(
    ['FILE', 'CANNOT BE READ'],
    unread.map(({ path, reason }) => [path, reason])
  )

const withoutPoints = (
  { measured, unread }: Measurements = { measured: [], unread: [] },
  tasks?: ReadTasks,
  jobs?: { unread: UnreadTasks[] }
) => ({
  ...(tasks == null || tasks.samples.length === 0 ? {} : { tasks: tasks.samples.map(plainSample) }),
  resources: measured.map(({ t: _, w: _w, v, resource, ...rest }) => {
    const { unit, number } = resources[resource]
    return { resource, ...rest, unit, number, points: v.length }
  }),
  unread: [...unread, ...(tasks?.unread ?? []), ...(jobs?.unread ?? [])]
})
