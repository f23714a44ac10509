/** What a task of a sample came to, as `tasks.json` has it. Sorts the requests that were kept, some 100 ms a million, and lets others work in between. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodeHistogram } from '../../../protocols/tasks/histogram-codec.ts'
import { percentilesFor, summaryOf } from '../../../protocols/tasks/percentiles.ts'
import type { LoadAnswer, TaskAnswer } from '../../../protocols/tasks/task-answer.ts'
import type { Distribution, TaskResult, TaskSeconds } from '../../../protocols/tasks/tasks-file.ts'
import { summarizeRows, type ThroughputRow } from '../../../protocols/tasks/throughput.ts'
import { type MemberTask, Sizes, TIMES, type Time } from './member-task.ts'
import type { RowStats, Rows } from './rows.ts'
import type { TaskResults } from './task-results.ts'

/** Cumulative averages that a result has. */
const MAX_ROWS = 10_000
/** Kinds of errors that a result has. */
const MAX_KINDS = 64

/** What a member signed about a task. */
export interface MemberAnswer {
  task: TaskAnswer
  health?: LoadAnswer['health']
}

/** @param answers by member; of one without an answer nothing came any more @returns what all measured that came */
export async function resultOf(results: TaskResults, answers: Map<string, MemberAnswer>): Promise<TaskResult> {
  results.close()
  const { plan, rows, throughput, unit } = results
  const all = [...results.members]
  const isExact = results.isExact
  const members: TaskResult['members'] = []
  for (const [member, its] of all) {
    const answer = answers.get(member)
    members.push({
      ...{ member, clients: plan.members.get(member) ?? 0, ...countsOf(its), seconds: secondsOf(its.rows, [its.rows]) },
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
    seconds: secondsOf(
      rows,
      them.map(each => each.rows)
    ),
    ...(await distributionsOf(them, isExact)),
    exact: isExact,
    throughput: {
      ...(summarizeRows(throughputRows) ?? { min: 0, mean: 0, median: 0, max: 0 }),
      rows: thinned(throughputRows)
    },
    errors: errorsOf(them),
    ...(targets == null ? {} : { targets }),
    ended: endOf([...answers.values()].map(({ task }) => task.ended)),
    duration: Math.max(0, ...them.map(({ lastEnd }) => lastEnd)) / 1000,
    members
  }
}

const sumOf = (members: MemberTask[], of: (member: MemberTask) => number) =>
  members.reduce((sum, each) => sum + of(each), 0)

const countsOf = ({ samples, warmup, failed }: MemberTask) => ({ samples, warmup, failed })

/** Cut short if it was so on any member, or if none could say. */
const endOf = (ends: TaskAnswer['ended'][]): TaskAnswer['ended'] =>
  ends.length === 0 || ends.includes('cut') ? 'cut' : ends.includes('completed') ? 'completed' : 'schedule'

async function distributionsOf(members: MemberTask[], isExact: boolean): Promise<Partial<Record<Time, Distribution>>> {
  if (sumOf(members, each => each.samples) === 0) return {}
  const found: Partial<Record<Time, Distribution>> = {}
  for (const time of TIMES) {
    found[time] = distributionOf(members, time, isExact)
    await nextTurn()
  }
  return found
}

function distributionOf(members: MemberTask[], time: Time, isExact: boolean): Distribution {
  const sizes = new Sizes()
  for (const { times } of members) sizes.join(times[time])
  const histogram = Buffer.from(encodeHistogram(sizes.sizes)).toString('base64')
  if (!isExact) return { ...approximate(sizes), histogram }
  const columns = members.flatMap(({ exact }) => exact?.[time].values ?? [])
  const values = new Float64Array(columns.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const each of columns) {
    values.set(each, at)
    at += each.length
  }
  return { ...summaryOf(values), histogram }
}

/** As good as the buckets are: half a thousandth. */
export function approximate({ sizes, sum, min, max }: Sizes): Omit<Distribution, 'histogram'> {
  const shown = percentilesFor(sizes.count)
  const values = sizes.quantiles(shown.map(each => each / 100))
  const percentiles = shown.map((each, i) => [
    String(each),
    each === 100 ? max : Math.min(max, Math.max(min, (values[i] as number) / 1000))
  ])
  return { mean: sum / sizes.count / 1000, min, max, percentiles: Object.fromEntries(percentiles) }
}

function secondsOf({ every, latency, service }: Rows, members: Rows[]): TaskSeconds {
  const length = Math.max(0, ...members.map(({ ended }) => ended.length))
  const rows = Array.from({ length }, (_, row) => row)
  const sum = (of: (rows: Rows) => number[]) =>
    rows.map(row => members.reduce((total, each) => total + (of(each)[row] ?? 0), 0))
  const columns = (stats: (RowStats | null)[]) => ({
    p50: rows.map(row => stats[row]?.p50 ?? null),
    p99: rows.map(row => stats[row]?.p99 ?? null),
    max: rows.map(row => stats[row]?.max ?? null)
  })
  return {
    every,
    throughput: sum(each => each.operations).map(each => each / every),
    failed: sum(each => each.failed),
    latency: columns(latency),
    service: columns(service)
  }
}

/** So many, at equal distances, the last among them. */
function thinned(rows: ThroughputRow[]): ThroughputRow[] {
  const step = Math.ceil(rows.length / MAX_ROWS)
  return step <= 1 ? rows : rows.filter((_, i) => (rows.length - 1 - i) % step === 0)
}

/** The most frequent first. */
function errorsOf(members: MemberTask[]): TaskResult['errors'] {
  const sums = new Map<string, number>()
  for (const { errors } of members) for (const [kind, count] of errors) sums.set(kind, (sums.get(kind) ?? 0) + count)
  const sorted = [...sums].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
  const rest = sorted.slice(MAX_KINDS - 1)
  const shown = rest.length <= 1 ? sorted : sorted.slice(0, MAX_KINDS - 1)
  const errors = shown.map(([kind, count]) => ({ kind, count }))
  if (rest.length > 1) errors.push({ kind: 'other', count: rest.reduce((sum, [, count]) => sum + count, 0) })
  return errors
}

/** Nothing where there is one, and where not each request is known. */
function targetsOf({ plan, members, isExact }: TaskResults): TaskResult['targets'] {
  const { targets = [] } = plan
  if (targets.length < 2 || !isExact) return undefined
  const sum = (target: number, of: 'samples' | 'failed') =>
    [...members.values()].reduce((total, each) => total + (each.targets.get(target)?.[of] ?? 0), 0)
  return targets.map((target, i) => ({ target, samples: sum(i, 'samples'), failed: sum(i, 'failed') }))
}
