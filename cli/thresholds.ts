/** What the thresholds of a run came to, for people. */
import type { RunRecord } from '../protocols/record.ts'
import { formatTable } from '../protocols/text-table.ts'
import { describeBounds } from '../protocols/thresholds/threshold.ts'
import { formatNumber } from './format.ts'

/** @returns a table with a row for each threshold in each iteration; '' without any */
export function formatThresholds({ thresholds = [], spec }: Pick<RunRecord, 'thresholds' | 'spec'>): string {
  if (thresholds.length === 0) return ''
  const rows = thresholds.map(({ threshold, iteration, outcome, value, unit, where, sample, samples, reason }) => [
    spec.threshold?.[threshold]?.metric,
    `${iteration.number}-${iteration.name}`,
    describeBounds(spec.threshold?.[threshold] ?? {}),
    value == null ? undefined : formatNumber(value),
    unit,
    samples === 0 ? undefined : sample == null ? `median of ${samples}` : `sample ${sample}`,
    outcome === 'met' ? 'met' : outcome === 'missed' ? 'MISSED' : 'NOT DECIDED',
    [where, reason].filter(each => each != null).join('; ')
  ])
  return formatTable(['THRESHOLD', 'ITERATION', 'BOUNDS', 'VALUE', 'UNIT', 'OF', 'OUTCOME', 'WHERE'], rows)
}
