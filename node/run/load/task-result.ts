/** What a task of a sample came to, as `tasks.json` has it. Sorts the requests that were kept, some 100 ms a million, and lets others work in between. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodeHistogram } from '../../../protocols/tasks/histogram-codec.ts'
import { percentilesFor, summaryOf } from '../../../protocols/tasks/percentiles.ts'
import { MAX_ERROR_KINDS, OTHER_KIND } from '../../../protocols/tasks/sample-block.ts'
import type { LoadAnswer, TaskAnswer } from '../../../protocols/tasks/task-answer.ts'
import type { MeasuredTask } from '../../../protocols/tasks/task-entry.ts'
import {
  type Distribution,
  type TaskResult,
  type TaskSeconds,
  TIMES,
  type Time
} from '../../../protocols/tasks/tasks-file.ts'
import { summarizeRows, type ThroughputRow } from '../../../protocols/tasks/throughput.ts'
import { endOf } from '../../../protocols/verify/task-answers.ts'
import type { MemberTask } from './member-task.ts'
import type { RowStats, Rows } from './rows.ts'
import { Sizes } from './sizes.ts'
import type { TaskResults } from './task-results.ts'

/** Cumulative averages that a result has. */
const MAX_ROWS = 10_000
/** Rows of the members of all tasks of one sample: some 50 bytes each, so that `tasks.json` can be read (read-tasks-file.ts). */
export const MAX_MEMBER_ROWS = 2_000_000

/** What a member signed about a task. */
export interface MemberAnswer {
  task: TaskAnswer
  health?: LoadAnswer['health']
}

/**
 * @param answers by member; of one without an answer nothing came any more
 * @param most rows of all members together: of more members each has fewer, which are longer
 * @returns what all measured that came
 */
export async function resultOf(
  results: TaskResults,
  answers: Map<string, MemberAnswer>,
  most = MAX_MEMBER_ROWS
): Promise<TaskResult> {
  results.close()
  const { plan, rows, throughput, unit } = results
  const all = [...results.members]
  const isExact = results.isExact
  const seconds = secondsOf(
    rows,
    all.map(([, its]) => its.rows)
  )
  const rowsOfMembers = () => all.reduce((sum, [, its]) => sum + its.rows.ended.length, 0)
  while (rowsOfMembers() > Math.max(most, all.length)) for (const [, its] of all) its.rows.halve()
  const members: TaskResult['members'] = []
  for (const [member, its] of all) {
    const answer = answers.get(member)
    members.push({
      ...{
        member,
        clients: plan.members.get(member) ?? 0,
        ...countsOf(its),
        ...unsentOf([answer]),
        seconds: secondsOf(its.rows, [its.rows])
      },
      ...(await distributionsOf([its], isExact)),
      ...(answer?.health == null ? {} : { health: answer.health }),
      ...(answer == null ? { lost: true as const } : {})
    })
  }
  const them = all.map(([, its]) => its)
  const throughputRows = throughput.rows()
  const targets = targetsOf(results)
  return {
    ...{ task: plan.task, operation: plan.operation, element: plan.element, clients: plan.clients, unit },
    samples: sumOf(them, each => each.samples),
    warmup: sumOf(them, each => each.warmup),
    failed: sumOf(them, each => each.failed),
    ...unsentOf([...answers.values()]),
    seconds,
    ...(await distributionsOf(them, isExact)),
    exact: isExact,
    throughput: {
      ...(summarizeRows(throughputRows) ?? NOTHING),
      rows: thinned(throughputRows)
    },
    errors: errorsOf(them),
    ...(targets == null ? {} : { targets }),
    ended: endOf([...answers.values()].map(({ task }) => task)),
    duration: lastEndOf(them),
    ...fromOf(them),
    members
  }
}

/** What it would come to if it ended now, without a sort: percentiles are those of histograms. */
export function measuredNow({ plan, rows, throughput, unit, members }: TaskResults): MeasuredTask {
  const them = [...members.values()]
  const summary = summarizeRows(throughput.rows()) ?? NOTHING
  const found: Partial<Record<Time, Distribution>> = {}
  const samples = sumOf(them, each => each.samples)
  if (samples > 0) for (const time of TIMES) found[time] = { ...approximate(joined(them, time)), histogram: '' }
  return {
    ...{ task: plan.task, unit, samples, failed: sumOf(them, each => each.failed) },
    seconds: secondsOf(
      rows,
      them.map(each => each.rows)
    ),
    throughput: { ...summary, rows: [] },
    ...found,
    duration: lastEndOf(them),
    ended: 'cut'
  }
}

const NOTHING = { min: 0, mean: 0, median: 0, max: 0 }

const lastEndOf = (members: MemberTask[]) => Math.max(0, ...members.map(({ lastEnd }) => lastEnd)) / 1000

/** s, of all members. */
function fromOf(members: MemberTask[]): Pick<TaskResult, 'from'> {
  const from = Math.min(...members.map(({ firstDue }) => firstDue)) / 1000
  return Number.isFinite(from) ? { from } : {}
}

const sumOf = (members: MemberTask[], of: (member: MemberTask) => number) =>
  members.reduce((sum, each) => sum + of(each), 0)

function unsentOf(answers: (MemberAnswer | undefined)[]): { unsent?: number } {
  const unsent = answers.reduce((sum, answer) => sum + (answer?.task.unsent ?? 0), 0)
  // each is a member's word, and a sum of them may be more than any file can say
  return unsent === 0 ? {} : { unsent: Math.min(unsent, Number.MAX_SAFE_INTEGER) }
}

const countsOf = ({ samples, warmup, failed }: MemberTask) => ({ samples, warmup, failed })

async function distributionsOf(members: MemberTask[], isExact: boolean): Promise<Partial<Record<Time, Distribution>>> {
  if (sumOf(members, each => each.samples) === 0) return {}
  const found: Partial<Record<Time, Distribution>> = {}
  for (const time of TIMES) {
    found[time] = distributionOf(members, time, isExact)
    await nextTurn()
  }
  return found
}

function joined(members: MemberTask[], time: Time): Sizes {
  const sizes = new Sizes()
  for (const { times } of members) sizes.join(times[time])
  return sizes
}

function distributionOf(members: MemberTask[], time: Time, isExact: boolean): Distribution {
  const sizes = joined(members, time)
  const histogram = Buffer.from(encodeHistogram(sizes.sizes)).toString('base64')
  if (!isExact) return { ...approximate(sizes), histogram }
  const columns = members.flatMap(({ times }) => times[time].exact?.values ?? [])
  const values = new Float64Array(columns.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const each of columns) {
    values.set(each, at)
    at += each.length
  }
  return { ...summaryOf(values), histogram }
}

/** As good as the buckets are: half a thousandth. */
function approximate(all: Sizes): Omit<Distribution, 'histogram'> {
  const { sizes, sum, min, max } = all
  const shown = percentilesFor(sizes.count)
  const values = all.quantiles(shown.map(each => each / 100))
  const percentiles = shown.map((each, i) => [String(each), each === 100 ? max : (values[i] as number)])
  return { mean: sum / sizes.count / 1000, min, max, percentiles: Object.fromEntries(percentiles) }
}

function secondsOf({ every, latency, service }: Rows, members: Rows[]): TaskSeconds {
  const length = Math.max(0, ...members.map(({ ended }) => ended.length))
  const warmup = Math.max(0, ...members.map(each => each.warmup))
  const rows = Array.from({ length }, (_, row) => row)
  const sum = (of: (rows: Rows) => number[]) =>
    rows.map(row => members.reduce((total, each) => total + (of(each)[row] ?? 0), 0))
  const columns = (stats: (RowStats | null)[]) => ({
    p50: rows.map(row => rounded(stats[row]?.p50)),
    p99: rows.map(row => rounded(stats[row]?.p99)),
    max: rows.map(row => rounded(stats[row]?.max))
  })
  return {
    every,
    ...(warmup === 0 ? {} : { warmup }),
    throughput: sum(each => each.operations).map(each => rounded(each / every)),
    failed: sum(each => each.failed),
    latency: columns(latency),
    service: columns(service)
  }
}

/** To a microsecond, or a thousandth of an operation. */
const rounded = (value: number | undefined) => (value == null ? null : Math.round(value * 1000) / 1000)

/** So many, at equal distances, the last among them. */
function thinned(rows: ThroughputRow[]): ThroughputRow[] {
  const step = Math.ceil(rows.length / MAX_ROWS)
  return step <= 1 ? rows : rows.filter((_, i) => (rows.length - 1 - i) % step === 0)
}

/** The most frequent first. */
function errorsOf(members: MemberTask[]): TaskResult['errors'] {
  const sums = new Map<string, number>()
  const add = (kind: string, count: number) => sums.set(kind, (sums.get(kind) ?? 0) + count)
  for (const { errors } of members) for (const [kind, count] of errors) add(kind, count)
  const sorted = () => [...sums].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
  if (sums.size > MAX_ERROR_KINDS)
    for (const [kind, count] of sorted().slice(MAX_ERROR_KINDS - 1)) {
      sums.delete(kind)
      add(OTHER_KIND, count)
    }
  return sorted()
    .slice(0, MAX_ERROR_KINDS)
    .map(([kind, count]) => ({ kind, count }))
}

/** Nothing where there is one, and where not each request is known. */
function targetsOf({ plan, members, isExact }: TaskResults): TaskResult['targets'] {
  const { targets = [] } = plan
  if (targets.length < 2 || !isExact) return undefined
  const sum = (target: number, of: 'samples' | 'failed') =>
    [...members.values()].reduce((total, each) => total + (each.targets.get(target)?.[of] ?? 0), 0)
  return targets.map((target, i) => ({ target, samples: sum(i, 'samples'), failed: sum(i, 'failed') }))
}
