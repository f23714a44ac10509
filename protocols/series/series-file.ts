/**
 * `series.parquet`: what was measured on one member in one sample, or by its persistent tools in the whole run, as numbers by time. Parquet
 * in long form, a row a value:
 *
 *     timestamp  INT64, microseconds since 1970 (UTC), on the controller's clock
 *     member tool metric labels unit  texts; labels are JSON with sorted keys, `{}` if there are none; unit is '' if there is none
 *     value      DOUBLE, finite
 *
 * Rows are sorted by series (tool, metric, labels), then by time, in blocks of at most half a million, each block in row groups of at most
 * 100,000 rows. So a series is one range of rows in each block. `bak.series` of the metadata is the index of these ranges: who wants a
 * few series reads only the row groups that they are in, and of those only `timestamp` and `value`, a page of zstd each.
 */
import type { Clock } from '../manifest.ts'
import type { Step } from '../phase.ts'

export const SERIES_FORMAT = 1
/** Rows of one row group. */
export const GROUP_ROWS = 100_000
/** Of one file: its reader holds 16 bytes for each that it is asked for. */
export const MAX_ROWS = 50_000_000
export const MAX_ROW_GROUPS = 10_000
export const MAX_SERIES = 50_000
/** Of the index as JSON. */
export const MAX_INDEX_BYTES = 12 * 1024 * 1024
export const MAX_REMARKS = 64

export const MAX_METRIC = 128
export const MAX_LABEL = 256
export const MAX_LABELS = 16
export const MAX_UNIT = 32

/** A `gauge` is a value at an instant; a `rate` is the mean rate since the point before. */
export type SeriesKind = 'gauge' | 'rate'

/** What is measured, and of what. */
export interface SeriesId {
  /** The tool that measured it, or the workload that said it. */
  tool: string
  metric: string
  labels: Record<string, string>
  /** '' if it has none. */
  unit: string
  kind: SeriesKind
}

/** A series of a file, and what its values come to. */
export interface SeriesInfo extends SeriesId {
  min: number
  max: number
  mean: number
  /** The latest. */
  last: number
  /** Points. */
  count: number
}

/** A series in the index of a file. */
export interface IndexEntry extends Omit<SeriesInfo, 'count'> {
  /** First row and number of rows, by block. */
  rows: Array<[first: number, count: number]>
}

/** What could not be read. */
export interface Remark {
  /** In the folder of the sample. */
  file: string
  /** The first line. */
  line?: number | undefined
  /** How many, where it is not all from `line` on. */
  lines?: number | undefined
  why: string
}

const MAX_TEXT = 1024
/** @returns a remark whose texts are as long as they may be */
export const cutRemark = ({ file, why, ...where }: Remark): Remark => ({
  ...{ file: file.slice(0, MAX_TEXT), ...where },
  why: why.slice(0, MAX_TEXT)
})

/** Of what a file is. */
export interface SeriesFileInfo {
  run: string
  member: string
  /** Left out of that of persistent tools. */
  step?: Step | undefined
  /** How far the member's clock was ahead of the controller's when the times were shifted. */
  clock: Clock
  /** When the first of the tools began, on the controller's clock, ms since 1970. */
  began: number
  remarks: Remark[]
}

/** @returns labels as a row has them: JSON with sorted keys */
export const labelsText = (labels: Record<string, string>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))))

/** @returns what tells a series from all others of its file */
export const seriesKey = ({ tool, metric, labels }: Pick<SeriesId, 'tool' | 'metric' | 'labels'>): string =>
  `${tool}\n${metric}\n${labelsText(labels)}`

/** Keys of the metadata. */
export const FORMAT_KEY = 'bak.format'
export const INDEX_KEY = 'bak.series'

export interface KeyValue {
  key: string
  value?: string
}

export function metadataOf({ run, member, step, ...rest }: SeriesFileInfo, entries: IndexEntry[]): KeyValue[] {
  const values = { step, clock: rest.clock, began: rest.began, remarks: rest.remarks }
  const given = Object.entries(values).filter(([, value]) => value != null)
  return [
    { key: FORMAT_KEY, value: String(SERIES_FORMAT) },
    { key: 'bak.run', value: run },
    { key: 'bak.member', value: member },
    ...given.map(([key, value]) => ({ key: `bak.${key}`, value: JSON.stringify(value) })),
    { key: INDEX_KEY, value: JSON.stringify(entries) }
  ]
}
