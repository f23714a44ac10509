/** The tasks of a comparison as a table: a row for each percentile, a column for each group. Pure. */
import { formatValue } from '../format-value.ts'
import type { Comparison } from './comparison.ts'
import type { TaskRow } from './percentiles.ts'
import type { Section } from './section.ts'

/** Rows that are shown without --all: of three tasks. */
const MAX_ROWS = 48
const DIGITS = 4
const CALLED: Record<string, string> = { error_rate: 'failed', latency: 'latency', service_time: 'service time' }

export function taskSection({ tasks, groups }: Pick<Comparison, 'tasks' | 'groups'>, all: boolean): Section {
  const labels = groups.map(({ label }) => label)
  const isOne = tasks.every(({ iteration }) => iteration === '')
  const isPair = labels.length === 2
  const shown = all ? tasks : tasks.slice(0, MAX_ROWS)
  const more = tasks.length - shown.length
  return {
    title: 'Tasks: medians over the samples',
    head: [...(isOne ? [] : ['ITERATION']), 'TASK', 'OF', ...labels, ...(isPair ? ['CHANGE'] : [])],
    spare: ['CHANGE'],
    rows: shown.map(row => [
      ...(isOne ? [] : [row.iteration]),
      ...[row.task, nameOfRow(row)],
      ...labels.map(label => formatMedian(row, label)),
      ...(isPair ? [changeIn(row, labels)] : [])
    ]),
    ...(more === 0 ? {} : { note: `${more} more rows of tasks: --all prints them` })
  }
}

/** `latency p99`, `failed` */
const nameOfRow = ({ what }: TaskRow): string => {
  const [of = '', ...percentile] = what.split('.')
  return [CALLED[of] ?? of, percentile.join('.')].filter(each => each !== '').join(' ')
}

function formatMedian({ medians, unit }: TaskRow, label: string): string | undefined {
  const value = medians.get(label)
  return value == null ? undefined : formatValue(value, unit, DIGITS)
}

/** A share of the baseline; undefined beside a median of 0. */
function changeIn({ medians }: TaskRow, [base = '', other = '']: string[]): string | undefined {
  const [before, now] = [medians.get(base), medians.get(other)]
  if (before == null || now == null || before === 0) return undefined
  const percent = (100 * (now - before)) / Math.abs(before)
  return `${percent > 0 ? '+' : ''}${Number(percent.toPrecision(Math.abs(percent) >= 100 ? 4 : 3))} %`
}
