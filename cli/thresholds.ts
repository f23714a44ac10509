/** What the thresholds of a run came to, for people. */
import type { RunRecord } from '../protocols/record.ts'
import { formatTable } from '../protocols/text-table.ts'
import { describeBounds } from '../protocols/thresholds/threshold.ts'
import { formatNumber } from './format.ts'

export const THRESHOLD_HEAD = ['THRESHOLD', 'ITERATION', 'BOUNDS', 'VALUE', 'UNIT', 'OF', 'OUTCOME', 'WHERE']

/** @returns a table with a row for each threshold in each iteration; '' without any */
export function formatThresholds(record: Judged): string {
  const rows = thresholdRows(record)
  return rows.length === 0 ? '' : formatTable(THRESHOLD_HEAD, rows)
}

type Judged = Pick<RunRecord, 'thresholds' | 'spec'>

export const thresholdRows = ({ thresholds = [], spec }: Judged): Array<Array<string | undefined>> =>
  thresholds.map(({ threshold, iteration, outcome, value, unit, where, sample, samples, reason }) => [
    spec.threshold?.[threshold]?.metric,
    `${iteration.number}-${iteration.name}`,
    describeBounds(spec.threshold?.[threshold] ?? {}),
    value == null ? undefined : formatNumber(value),
    unit,
    samples === 0 ? undefined : sample == null ? `median of ${samples}` : `sample ${sample}`,
    outcome === 'met' ? 'met' : outcome === 'missed' ? 'MISSED' : 'NOT DECIDED',
    [where, reason].filter(each => each != null).join('; ')
  ])
