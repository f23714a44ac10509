/** What the tasks of a run came to, for `bak show`: of each its requests, throughput, percentiles, targets and members. Pure. */
import { iterationFolder, stepFolder } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { elementsOf } from '../../protocols/tasks/elements.ts'
import { wholeSeconds } from '../../protocols/tasks/task-entry.ts'
import { type TaskResult, TIMES } from '../../protocols/tasks/tasks-file.ts'
import { formatFacts, formatNote } from '../../protocols/text-table.ts'
import { hasFailed, isOfTask } from '../../protocols/work-entry.ts'
import { fittingTable } from '../fitting-table.ts'
import { formatMs } from '../format.ts'
import { formatValue } from '../format-value.ts'
import {
  type IterationTask,
  medianIn,
  membersIn,
  percentileName,
  percentilesIn,
  sumOf,
  type TaskMember,
  TIME_NAMES,
  tasksByIteration
} from '../result/task-groups.ts'
import { type SampleTasks, warmupEnd } from '../result/tasks.ts'
import { formatSection } from './section.ts'
import { describeErrors, warningsOf } from './task-warnings.ts'

/** Tasks that the first screen has; members of each, and targets. */
const MAX_TASKS = 4
const MAX_MEMBERS = 8
const MAX_TARGETS = 4
const MAX_WARNINGS = 12
const DIGITS = 4

/**
 * @param isWhole with all tasks, members and processing times
 * @returns a part a task, and one of what stands out; none for a run without tasks
 */
export function formatTasks(record: RunRecord, samples: SampleTasks[], isWhole: boolean, width: number): string[] {
  const all = tasksByIteration(samples, record)
  const first = all.toSorted((one, other) => placeOf(one, record) - placeOf(other, record)).slice(0, MAX_TASKS)
  const shown = isWhole ? all : all.filter(each => first.includes(each))
  const more = all.length - shown.length
  return [
    formatServers(samples, width),
    ...shown.map(each => formatTask(each, record, isWhole, width)),
    ...(more === 0 ? [] : [`${more} more tasks of iterations: bak show ${record.run} --all`]),
    formatWarnings(all, record, isWhole)
  ]
}

/** Of a search, those of the values around the knee are asked for first. */
const placeOf = ({ iteration: { number } }: IterationTask, { knee }: RunRecord): number =>
  knee == null || number === knee.holds?.number || number === knee.breaks?.number ? 0 : 1

/** What the targets said that they are, as members heard it before the first task. */
function formatServers(samples: SampleTasks[], width: number): string {
  const heard = samples.flatMap(({ servers = [] }) => servers)
  const told = heard.flatMap(({ target, server, member }) => (server == null ? [] : [{ target, server, member }]))
  const isUnlike = (target: string) =>
    new Set(told.flatMap(each => (each.target === target ? each.server : []))).size > 1
  const named = told.map(({ target, server, member }) => {
    const by = member == null || !isUnlike(target) ? '' : ` (by ${member})`
    return `${target} ${server}${by}`
  })
  return formatFacts({ servers: listInWords([...new Set(named)], MAX_TARGETS) }, width)
}

/** How tasks failed, and what stands out in the others; without what is among the remarks of the run. */
function formatWarnings(all: IterationTask[], { remarks = [], workload }: RunRecord, isWhole: boolean): string {
  const failures = workload
    .filter(entry => isOfTask(entry) && hasFailed(entry))
    .map(({ name, step, error = 'it was cut short' }) => [name, stepFolder(step), error])
  const warnings = all.flatMap(each =>
    warningsOf(each)
      .filter(text => !remarks.some(remark => remark.includes(text)))
      .map(text => [each.task, iterationFolder(each.iteration), text])
  )
  const rows = [...failures, ...warnings]
  const shown = isWhole ? rows : rows.slice(0, MAX_WARNINGS)
  const more = rows.length - shown.length
  const table = formatSection(['TASK', 'OF', 'WARNING'], shown)
  return more === 0 ? table : `${table}\n${more} more warnings: --all has them`
}

function formatTask(of: IterationTask, record: RunRecord, isWhole: boolean, width: number): string {
  const { results } = of
  const members = membersIn(results)
  return [
    formatFacts(factsOf(of, record), width),
    formatTimes(results, isWhole, width),
    formatMembers(members, isWhole, width)
  ]
    .filter(part => part !== '')
    .join('\n')
}

function factsOf({ iteration, task, results }: IterationTask, { spec }: RunRecord) {
  const [{ clients, operation }] = results
  const several = results.length === 1 ? '' : `; medians of ${results.length} samples`
  return {
    task: `${task} of ${iterationFolder(iteration)}${several}`,
    clients: [
      `${clients}`,
      ...(operation === task ? [] : [`operation ${operation}`]),
      paceOf(task, spec, iteration)
    ].join(', '),
    requests: describeRequests(results),
    throughput: describeThroughput(results),
    targets: describeTargets(results)
  }
}

/** `200 ops/s asked`, `as fast as they can` */
function paceOf(task: string, spec: RunRecord['spec'], { number }: IterationTask['iteration']): string {
  const params = spec.iterations[number - 1]?.params
  const planned = elementsOf(spec, params).flatMap(({ tasks }) => tasks)
  const { throughput } = planned.find(({ name }) => name === task) ?? {}
  return throughput == null
    ? 'as fast as they can'
    : `${formatValue(throughput.perSecond, `${throughput.unit}/s`)} asked`
}

/** In the time behind the warm-up: `7200 in 40.0 s, 26 failed (0.36 %): status 503 12, timeout 14; 800 of warm-up` */
function describeRequests(results: IterationTask['results']): string {
  const [samples, warmup] = [sumOf(results, each => each.samples), sumOf(results, each => each.warmup)]
  const length = sumOf(results, each => each.duration - warmupEnd(each))
  return [
    `${samples} in ${formatValue(length, 's')}, ${describeErrors(results)}`,
    ...(warmup === 0 ? [] : [`${warmup} more of warm-up`])
  ].join('; ')
}

/** Of cumulative averages, one a second, which have warm-up and ramp-up in them; and the median of the single seconds behind these, to be held against what was asked. */
function describeThroughput(results: IterationTask['results']): string {
  const [{ unit, samples }] = results
  if (samples === 0) return ''
  const values = (['mean', 'median', 'min', 'max'] as const).map(name => {
    const value = medianIn(results, ({ throughput }) => throughput[name]) as number
    return { name, text: formatValue(value, `${unit}/s`, DIGITS) }
  })
  const [last = ''] = values.map(({ text }) => text.replace(/^\S+/, '')).reverse()
  const isAlike = values.every(({ text }) => text.endsWith(last))
  const items = values.map(({ name, text }) => `${name} ${isAlike ? text.slice(0, -last.length) : text}`)
  const averages = `${items.join(', ')}${isAlike ? last : ''}`
  const second = medianIn(results, each => medianIn(wholeSeconds(each), value => value))
  return second == null ? averages : `${averages}; by the second, median ${formatValue(second, `${unit}/s`, DIGITS)}`
}

function describeTargets(results: IterationTask['results']): string {
  const byTarget = Map.groupBy(
    results.flatMap(({ targets = [] }) => targets),
    ({ target }) => target
  )
  const items = [...byTarget].map(([target, all]) => {
    const failed = sumOf(all, each => each.failed)
    return `${sumOf(all, each => each.samples)} to ${target}${failed === 0 ? '' : ` (${failed} failed)`}`
  })
  return listInWords(items, MAX_TARGETS)
}

/** A line for each time, a column for each percentile that there are enough requests for. */
function formatTimes(results: readonly TaskResult[], isWhole: boolean, width: number): string {
  const times = TIMES.filter(time => isWhole || time !== 'processing')
  const given = percentilesIn(results.map(({ latency }) => latency))
  if (given.length === 0) return ''
  const rows = times.map(time => [
    TIME_NAMES[time],
    formatTime(medianIn(results, each => each[time]?.mean)),
    ...given.map(each => formatTime(medianIn(results, result => result[time]?.percentiles[each])))
  ])
  return fittingTable(['TIME', 'MEAN', ...given.map(percentileName)], rows, ['MEAN', 'P99.99', 'P90'], width)
}

const formatTime = (ms: number | undefined) => (ms == null ? undefined : formatValue(ms, 'ms'))

const HEAD = ['MEMBER', 'CLIENTS', 'REQUESTS', 'FAILED', 'P50', 'P99', 'MAX', 'BUSY', 'LAG', 'OVERHEAD']

function formatMembers(all: TaskMember[], isWhole: boolean, width: number): string {
  if (all.length < 2 && all.every(({ health }) => health == null)) return ''
  // of many, those whose requests took longest
  const slow = ({ all: of }: TaskMember) => medianIn(of, each => each.latency?.percentiles['100']) ?? 0
  const shown =
    isWhole || all.length <= MAX_MEMBERS ? all : all.toSorted((a, b) => slow(b) - slow(a)).slice(0, MAX_MEMBERS)
  const rows = shown.map(({ member, clients, all: of, health, lost }) => [
    lost ? `${member} (lost)` : member,
    clients,
    sumOf(of, each => each.samples),
    sumOf(of, each => each.failed),
    ...['50', '99', '100'].map(p => formatTime(medianIn(of, each => each.latency?.percentiles[p]))),
    health && formatValue(100 * health.busy, '%'),
    health && formatMs(health.lag),
    health && formatValue(health.overhead, 'ms')
  ])
  const table = fittingTable(HEAD, rows, ['OVERHEAD', 'P50', 'CLIENTS'], width)
  const more = all.length - shown.length
  return more === 0
    ? table
    : `${table}\n${formatNote(`${more} more members, whose latencies were less: --all has them`, width)}`
}
