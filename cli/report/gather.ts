/** Gathers the page of a report from the folder of a result: what the record, the journal and the certificates say, and all series. */
import type { StoredEvent } from '../../protocols/events.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { tagsBeside } from '../../protocols/tags-beside.ts'
import type { ResultSample } from '../result/open-result.ts'
import { Block } from './block.ts'
import { chooseCells } from './choose-cells.ts'
import { readMachines } from './environment.ts'
import { addFlames } from './flames.ts'
import { headOf, iterationsOf, membersIn, missingIn } from './head.ts'
import { jobsData, jobsTable, readJobs } from './jobs/add-jobs.ts'
import { measuredIn } from './measured.ts'
import { indexMember } from './member-index.ts'
import { metricsIn } from './metrics.ts'
import { clockPanel, panelsOf } from './panels.ts'
import { type DrawnCell, readMember, type Span } from './read-member.ts'
import { readPhases } from './read-phases.ts'
import type { ReportData } from './report-data.ts'
import { type IndexedMember, roomFor } from './room.ts'
import { phaseSpans, windowsIn } from './spans.ts'
import { tablesOf } from './tables.ts'
import { addTasks } from './tasks/add-tasks.ts'

/** From so many points on values are rounded to 12 significant bits. */
const ROUNDED_FROM = 1_000_000
/** Of the points, those that lines of tasks may have. */
const TASKS_SHARE = 0.25

export interface ReportSource {
  folder: string
  record: RunRecord
  /** Files of series of each member, of its samples and of its persistent tools. */
  series: Map<string, string[]>
  /** Those that were taken, with their part of these files. */
  samples: ResultSample[]
  /** Of its journal. */
  events: StoredEvent[]
}

export interface GatheredReport {
  data: ReportData
  /** Not compressed. */
  block: Uint8Array
}

/** @param points that the page has room for, of all series together */
export async function gatherReport(
  { folder, record, series, samples, events }: ReportSource,
  points: number
): Promise<GatheredReport> {
  const phases = await readPhases(folder)
  const names = record.roster.map(({ name }) => name)
  const machines = await readMachines(folder, names)
  const told = { record, events, phases }
  const head = headOf(record, told, await tagsBeside(folder))
  const iterations = iterationsOf(record)
  const indexes: IndexedMember[] = []
  for (const [member, { name }] of record.roster.entries()) {
    const index = await indexMember(name, series.get(name) ?? [])
    indexes.push({ index, member, cells: chooseCells([...index.series.values()]) })
  }
  const room = roomFor(indexes, points * (record.spec.task.length > 0 ? 1 - TASKS_SHARE : 1))
  const block = new Block({ round: room.all > ROUNDED_FROM })
  const drawn = new Map<number, DrawnCell[]>()
  // one after the other, so that the points of one member are in memory
  const spans = new Map<string, Span>()
  for (const each of indexes)
    drawn.set(each.member, await readMember(each, { ...room, begun: head.begun }, block, spans))
  const unread = indexes.flatMap(({ index }) => index.unread)
  const panels = [...panelsOf(drawn), ...clockPanel(record, head.begun, block)]
  const source = { folder, steps: samples.map(({ step }) => step), record, iterations, begun: head.begun }
  const tasks = await addTasks(source, block, points * TASKS_SHARE, unread)
  const entries = await readJobs({ folder, record }, unread)
  const jobs = jobsData(entries, { record, begun: head.begun })
  const flames = await addFlames(folder, record, block, unread)
  const data: ReportData = {
    format: 1,
    head: { ...head, ...(room.reduced === '' ? {} : { reduced: room.reduced }) },
    missing: missingIn(record),
    members: membersIn(record, machines),
    iterations: iterations.map(({ number, name }) => ({ number, name })),
    windows: windowsIn(told, iterations, head.begun),
    measured: measuredIn(samples, spans, events, head.begun),
    phases: phaseSpans(told, head.begun),
    metrics: metricsIn(record, iterations),
    panels,
    ...(tasks == null ? {} : { tasks }),
    ...(jobs == null ? {} : { jobs }),
    ...block.contents,
    flames,
    tables: tablesOf({ ...told, record, unread, machines, jobs: jobsTable(entries, head.begun) })
  }
  return { data, block: block.bytes() }
}
