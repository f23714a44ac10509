/**
 * Latencies of tasks by percentile, for other programs: a row a percentile, of each sample, of all members together and of each. Percentiles are as far as
 * so many requests can show them, each further nine of the share in twenty steps; the last is the greatest value.
 */
import { cleanJson } from '../../protocols/clean-line.ts'
import { csvLine } from '../../protocols/csv.ts'
import { BakError, whyOf } from '../../protocols/errors.ts'
import { globOf } from '../../protocols/glob.ts'
import { iterationFolder, sampleFolder, tasksFileOf } from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { histogramOf } from '../../protocols/tasks/histogram-codec.ts'
import { readTasksFile } from '../../protocols/tasks/read-tasks-file.ts'
import type { Distribution, TaskResult } from '../../protocols/tasks/tasks-file.ts'
import { curveOf } from '../report/tasks/percentile-curve.ts'
import { CURVE_STEPS, shareAt } from '../report/tasks/tasks-data.ts'
import { isSampleOf, type Result } from '../result/open-result.ts'
import { membersOf, type Wanted } from '../result/series-rows.ts'
import type { Exporter } from './exporter.ts'

const TIMES = { latency: 'latency', service: 'service_time', processing: 'processing_time' } as const
const COLUMNS = ['iteration', 'sample', 'task', 'member', 'time', 'percentile', 'value_ms', 'requests'] as const
type Row = Record<(typeof COLUMNS)[number], string | number>

/** @throws {BakError} `usage` for what has no percentiles, and for a format that has no place for them */
export function percentiles(format: string, wanted: Wanted): Exporter {
  if (format !== 'csv' && format !== 'json')
    throw new BakError('usage', `--percentiles is of csv and json, not of ${format}`)
  for (const flag of ['metric', 'tool'] as const)
    if (wanted[flag] != null)
      throw new BakError('usage', `--percentiles has no --${flag}: --member and --sample choose`)
  const lineOf =
    format === 'csv'
      ? (row: Row) => csvLine(COLUMNS.map(each => row[each]))
      : (row: Row) => cleanJson(JSON.stringify(row))
  return {
    writes: 'text',
    extensions: [format],
    async run({ result, choice }, write) {
      const done = { rows: 0, series: 0 }
      if (format === 'csv') await write(`${COLUMNS.join(',')}\n`)
      const unread = (path: string, reason: string) => void choice.unread.push({ member: 'tasks', path, reason })
      for await (const rows of distributions(result, wanted, unread)) {
        done.series++
        done.rows += rows.length
        for (const row of rows) await write(`${lineOf(row)}\n`)
      }
      return done
    }
  }
}

async function* distributions(
  result: Result,
  { member, sample = '**' }: Wanted,
  onUnread: (path: string, reason: string) => void
): AsyncGenerator<Row[]> {
  const members = membersOf(result, member)
  const ofSample = globOf(sample)
  for (const { step } of result.samples.filter(each => isSampleOf(each.step, ofSample))) {
    const path = tasksFileOf(step)
    const file = await readTasksFile(result.folder, step).catch(error => onUnread(path, whyOf(error)))
    for (const task of file?.tasks ?? []) {
      const parts = [...(member == null ? [{ member: '', ...task }] : []), ...task.members]
      for (const part of parts.filter(each => each.member === '' || members.includes(each.member))) {
        for (const [key, time] of Object.entries(TIMES)) {
          const distribution = part[key as keyof typeof TIMES]
          if (distribution == null) continue
          try {
            yield rowsOf(distribution, aboutOf(step, task, part.member, time))
          } catch (error) {
            onUnread(path, whyOf(error))
          }
        }
      }
    }
  }
}

const aboutOf = (step: Step, { task }: TaskResult, member: string, time: string) => ({
  ...{ iteration: iterationFolder(step), sample: sampleFolder(step), task, member, time }
})

function rowsOf(distribution: Distribution, about: ReturnType<typeof aboutOf>): Row[] {
  const histogram = histogramOf(distribution)
  const { values } = curveOf(histogram, distribution)
  const steps = [...values].map((value, i) => [Number((100 * shareAt(i / CURVE_STEPS)).toPrecision(8)), value] as const)
  // exact where it is known so
  const known = Object.entries(distribution.percentiles).map(
    ([percentile, value]) => [Number(percentile), value] as const
  )
  return [...new Map([...steps, ...known, [100, distribution.max] as const])]
    .sort(([one], [other]) => one - other)
    .map(([percentile, value]) => ({ ...about, percentile, value_ms: value, requests: histogram.count }))
}
