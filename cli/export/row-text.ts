/** What the rows of an export have in common: their columns, and their times as text. Pure. */
import { iterationFolder, sampleFolder } from '../../protocols/layout.ts'
import { labelsText } from '../../protocols/series/series-file.ts'
import type { SeriesOf } from '../result/series-rows.ts'

/** Of what a row is, beside its time and value. */
export interface RowOf {
  /** `1-4k`; '' of persistent tools, as is `sample`. */
  iteration: string
  /** `sample2`, `warmup1` */
  sample: string
  member: string
  tool: string
  metric: string
  /** JSON with sorted keys. */
  labels: string
  unit: string
}

export const COLUMNS = [
  'timestamp',
  'iteration',
  'sample',
  'member',
  'tool',
  'metric',
  'labels',
  'unit',
  'value'
] as const

export const rowOf = ({ step, member, series: { tool, metric, labels, unit } }: SeriesOf): RowOf => ({
  iteration: step == null ? '' : iterationFolder(step),
  sample: step == null ? '' : sampleFolder(step),
  ...{ member, tool, metric, labels: labelsText(labels), unit }
})

/** @param ms since 1970 @returns `2026-11-22T21:30:15.123456Z` */
export function timeText(ms: number): string {
  const micros = Math.round(ms * 1000)
  const whole = Math.floor(micros / 1000)
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros - whole * 1000).padStart(3, '0')}Z`
}
