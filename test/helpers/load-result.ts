/**
 * A result of tasks, the same for the same seed: members `m1`, `m2`, ... that load, in each sample an element with a task that is as fast as it can,
 * and one with two tasks at a time. Of each sample there are `tasks.json`, entries in the record, and series of the machines. Its record is not sealed.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { RECORD_FILE, tasksFileOf } from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { quantileOf } from '../../protocols/quantiles.ts'
import { type RunRecord, writeRecord } from '../../protocols/record.ts'
import { taskEntryOf } from '../../protocols/tasks/task-entry.ts'
import type { Distribution, TaskResult, TaskSeconds, TasksFile } from '../../protocols/tasks/tasks-file.ts'
import { specOf } from '../protocols/samples.ts'
import { type Sample, type SampleOptions, type Stall, samplesOf, type TaskShape } from './load-samples.ts'
import { type SeriesResult, seriesResult } from './series-result.ts'

export const TASKS: TaskShape[] = [
  { task: 'index', operation: 'bulk', clients: 4, service: 6, warmup: 2, unit: 'docs', weight: 500 },
  {
    ...{ task: 'search', parallel: 'mixed', clients: 8, rate: 200, service: 4, warmup: 2, failing: 0.004 },
    targets: ['http://10.0.0.7:8080', 'http://10.0.0.8:8080']
  },
  { task: 'update', parallel: 'mixed', clients: 2, rate: 20, service: 12, ended: 'completed' }
]

export interface LoadShape {
  /** Is made. */
  folder: string
  run?: string
  members?: number
  iterations?: string[]
  samples?: number
  /** Of each element. */
  seconds?: number
  seed?: number
  tasks?: TaskShape[]
  /** How much longer each request takes than usual. */
  slower?: number
  /** Of each element. */
  stall?: Stall
  /** A member of which nothing came any more after half of the time. */
  lost?: string
  /** Members whose driver was the bottleneck. */
  busy?: string[]
}

export interface LoadResult extends SeriesResult {
  files: Array<{ step: Step; tasks: TasksFile }>
}

export function loadResult(shape: LoadShape): LoadResult {
  const { folder, run, members = 2, iterations = ['default'], samples = 2, seconds = 20, seed = 1 } = shape
  const elements = elementsIn(shape.tasks ?? TASKS)
  const of = { folder, members, iterations, samples, seconds: seconds * elements.length, seed }
  const made = seriesResult({ ...of, ...(run == null ? {} : { run }) })
  const files = made.samples.map(({ step, began }, i) => ({
    step,
    tasks: tasksOf(shape, { elements, members: made.members, began: began + 1000, seconds, seed: seed + 1000 * i })
  }))
  for (const { step, tasks } of files) writeFileSync(join(folder, tasksFileOf(step)), JSON.stringify(tasks))
  const record = recordOf(shape, made.record, files)
  writeFileSync(join(folder, RECORD_FILE), writeRecord(record))
  return { ...made, record, files }
}

/** Tasks that name the same parallel are one element. */
const elementsIn = (tasks: TaskShape[]): TaskShape[][] => [
  ...Map.groupBy(tasks, ({ task, parallel }) => parallel ?? `task ${task}`).values()
]

interface SampleShape {
  elements: TaskShape[][]
  members: string[]
  began: number
  seconds: number
  seed: number
}

function tasksOf(shape: LoadShape, { elements, members, began, seconds, seed }: SampleShape): TasksFile {
  const tasks = elements.flatMap((all, e) =>
    all.map((task, t) => {
      const options = { seconds, seed: seed + 100 * e + t, slower: shape.slower ?? 1, stall: shape.stall }
      return taskResult(shape, { task, options, element: e + 1, members })
    })
  )
  return {
    format: 1,
    elements: elements.map((all, e) => ({
      ...{ element: e + 1, tasks: all.map(({ task }) => task), at: began + 1000 * e * seconds, skew: 0.8 + e / 10 }
    })),
    tasks,
    servers: [...new Set(elements.flat().flatMap(({ targets = [] }) => targets))].map(target => ({
      ...{ target, server: 'nginx/1.22.1' }
    }))
  }
}

interface TaskOptions {
  task: TaskShape
  options: SampleOptions
  element: number
  members: string[]
}

function taskResult({ lost, busy = [] }: LoadShape, { task, options, element, members }: TaskOptions): TaskResult {
  const { unit = 'ops', weight = 1, clients, targets = [], ended = 'schedule' } = task
  // clients of one member follow each other
  const share = Math.ceil(clients / members.length)
  const memberOf = ({ client }: Pick<Sample, 'client'>) => members[Math.floor(client / share)] as string
  const half = options.seconds * 500
  const all = samplesOf(task, options).filter(each => memberOf(each) !== lost || each.ended < half)
  const loaders = members.filter((_, i) => i * share < clients)
  const last = all.at(-1)?.ended ?? 0
  return {
    ...{ task: task.task, operation: task.operation ?? task.task, element, clients, unit },
    ...measuredOf(all, weight),
    exact: true,
    throughput: cumulative(all, weight),
    errors: tally(all.filter(isNormal), ({ failed }) => failed).map(([kind, of]) => ({ kind, count: of.length })),
    ...(targets.length < 2
      ? {}
      : {
          targets: tally(all, each => each.target).map(([target, of]) => ({
            ...{ target, samples: of.filter(isNormal).length, failed: of.filter(isNormal).filter(hasFailed).length }
          }))
        }),
    ...{ ended, duration: last / 1000, from: Math.min(...all.filter(isNormal).map(({ due }) => due)) / 1000 },
    members: loaders.map((member, i) => ({
      member,
      clients: Math.min(share, clients - i * share),
      ...measuredOf(
        all.filter(each => memberOf(each) === member),
        weight
      ),
      health: busy.includes(member)
        ? { workers: 2, busy: 0.99, lag: 18.2, lagMax: 94, overhead: 12.5 }
        : { workers: 2, busy: 0.21 + (i % 20) / 50, lag: 0.4, lagMax: 3.1, overhead: 0.05 },
      ...(member === lost ? { lost: true as const } : {})
    }))
  }
}

const isNormal = ({ warmup }: Sample) => !warmup
const hasFailed = ({ failed }: Sample) => failed != null

/** In the order of their counts. */
const tally = (samples: Sample[], keyOf: (sample: Sample) => string | undefined) =>
  [
    ...Map.groupBy(
      samples.filter(each => keyOf(each) != null),
      keyOf
    )
  ]
    .map(([key, of]): [string, Sample[]] => [key as string, of])
    .sort(([, one], [, other]) => other.length - one.length)

const times = {
  latency: ({ ended, due }: Sample) => ended - due,
  service: ({ ended, sent }: Sample) => ended - sent,
  processing: ({ ended, sent }: Sample) => ended - sent + 0.04
}

function measuredOf(all: Sample[], weight: number) {
  const normal = all.filter(isNormal)
  const of = (key: keyof typeof times) => distributionOf(normal.map(times[key]))
  return {
    samples: normal.length,
    warmup: all.length - normal.length,
    failed: normal.filter(hasFailed).length,
    seconds: secondsOf(all, weight),
    ...(normal.length === 0 ? {} : { latency: of('latency'), service: of('service'), processing: of('processing') })
  }
}

/** Which percentiles so many samples can show. */
const SHOWN = [
  { above: 1, percentiles: [50] },
  { above: 9, percentiles: [90] },
  { above: 99, percentiles: [99] },
  { above: 999, percentiles: [99.9] },
  { above: 9_999, percentiles: [99.99] }
]

function distributionOf(values: number[]): Distribution {
  const sorted = values.toSorted((one, other) => one - other)
  const shown = [...SHOWN.filter(({ above }) => sorted.length > above).flatMap(each => each.percentiles), 100]
  const histogram = build({ numberOfSignificantValueDigits: 3 })
  for (const value of sorted) histogram.recordValue(Math.round(value * 1000))
  return {
    mean: sorted.reduce((sum, each) => sum + each, 0) / sorted.length,
    ...{ min: sorted[0] as number, max: sorted.at(-1) as number },
    percentiles: Object.fromEntries(shown.map(each => [String(each), quantileOf(sorted, each / 100)])),
    histogram: encodeIntoCompressedBase64(histogram)
  }
}

function secondsOf(all: Sample[], weight: number): TaskSeconds {
  const rows = Array.from({ length: Math.floor((all.at(-1)?.ended ?? 0) / 1000) + 1 }, (): Sample[] => [])
  for (const each of all) rows[Math.floor(each.ended / 1000)]?.push(each)
  const columnsOf = (timeOf: (sample: Sample) => number) => {
    const sorted = rows.map(row => row.map(timeOf).sort((one, other) => one - other))
    const at = (share: number) => sorted.map(row => (row.length === 0 ? null : quantileOf(row, share)))
    return { p50: at(0.5), p99: at(0.99), max: at(1) }
  }
  return {
    every: 1,
    throughput: rows.map(row => weight * row.filter(each => !hasFailed(each)).length),
    failed: rows.map(row => row.filter(hasFailed).length),
    latency: columnsOf(times.latency),
    service: columnsOf(times.service)
  }
}

/** A value a second, of all since the begin. */
function cumulative(all: Sample[], weight: number): TaskResult['throughput'] {
  const rows: Array<[number, boolean, number]> = []
  let operations = 0
  for (const { ended, failed, warmup } of all) {
    operations += failed == null ? weight : 0
    if (ended / 1000 >= rows.length + 1) rows.push([ended / 1000, warmup, (1000 * operations) / ended])
  }
  const values = rows.filter(([, warmup]) => !warmup).map(([, , value]) => value)
  const sorted = (values.length === 0 ? [0] : values).toSorted((one, other) => one - other)
  const mean = sorted.reduce((sum, each) => sum + each / sorted.length, 0)
  return { min: sorted[0] as number, mean, median: quantileOf(sorted, 0.5), max: sorted.at(-1) as number, rows }
}

function recordOf(
  { tasks = TASKS, seconds = 20, lost }: LoadShape,
  record: RunRecord,
  files: LoadResult['files']
): RunRecord {
  const { iterations, samples, tools, interval } = record.spec
  const parallels = new Set(tasks.flatMap(({ parallel }) => parallel ?? []))
  const spec = specOf({
    ...{ command: undefined, name: 'search-load', iterations, samples, tools, interval },
    operation: [...new Set(tasks.map(each => each.operation ?? each.task))].map(name => ({
      ...{ name, type: 'http', url: `/${name}`, targets: ['http://10.0.0.7:8080', 'http://10.0.0.8:8080'] }
    })),
    task: tasks.map(({ task, operation = task, parallel, clients, rate, warmup = 0 }) => ({
      ...{ name: task, operation, clients, warmup_time_period: warmup, time_period: seconds - warmup },
      ...(parallel == null ? {} : { parallel }),
      ...(rate == null ? {} : { target_throughput: rate })
    })),
    parallel: [...parallels].map(name => ({ name }))
  })
  const workload = files.flatMap(({ step, tasks: { tasks, elements } }) =>
    tasks.map(each => ({
      ...taskEntryOf(step, each),
      began: elements.find(({ element }) => element === each.element)?.at
    }))
  )
  const roster = record.roster.map(({ workloads: _, ...each }, load) => ({ ...each, load }))
  const excluded = roster
    .filter(({ name }) => name === lost)
    .map(({ peer, name }) => ({ peer, name, phase: 'work' as const, code: 'lost' as const, reason: 'it is gone' }))
  return { ...record, name: 'search-load', spec, roster, workload, excluded, partial: excluded.length > 0 }
}
