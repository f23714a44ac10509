/**
 * `series.parquet`: what was measured on one member in one sample, or by its persistent tools in the whole run, as numbers by time. Parquet
 * in long form, a row a value:
 *
 *     timestamp  INT64, microseconds since 1970 (UTC), on the controller's clock
 *     member tool metric labels unit  texts; labels are JSON with sorted keys, `{}` if there are none; unit is '' if there is none
 *     value      DOUBLE, finite
 *
 * Rows are sorted by series (tool, metric, labels), then by time, in blocks of at most a million, each block in row groups of at most
 * 100,000 rows. So a series is one range of rows in each block. `bak.series` of the metadata is the index of these ranges: who wants a
 * few series reads only the row groups that they are in, and of those only `timestamp` and `value`, a page of zstd each.
 */
import * as v from 'valibot'
import { check } from '../codec.ts'
import { count, instant, list, name, runId, text } from '../fields.ts'
import { table } from '../free-keys.ts'
import { clock } from '../manifest.ts'
import { step } from '../phase.ts'

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

/** Names of columns of tools may be longer than other names, and have any letters. */
const words = (max: number) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(max), v.regex(/^[^\p{Cc}]+$/u, 'has control characters'))
export const MAX_METRIC = 128
export const MAX_LABEL = 256
export const MAX_LABELS = 16
export const MAX_UNIT = 32
const labels = v.pipe(
  table(words(64), v.pipe(v.string(), v.maxLength(MAX_LABEL))),
  v.check(entries => Object.keys(entries).length <= MAX_LABELS, `more than ${MAX_LABELS} labels`)
)

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

/** What is between two points in a file. */
const finite = v.pipe(v.number(), v.finite())
const range = v.tuple([count, v.pipe(count, v.minValue(1))])
export const indexEntry = v.object({
  ...{ tool: name, metric: words(MAX_METRIC), labels, unit: v.pipe(v.string(), v.maxLength(MAX_UNIT)) },
  kind: v.picklist(['gauge', 'rate']),
  /** First row and number of rows, by block. */
  rows: v.pipe(v.array(range), v.minLength(1)),
  ...{ min: finite, max: finite, mean: finite, last: finite }
})
export type IndexEntry = v.InferOutput<typeof indexEntry>
export const index = list(indexEntry, MAX_SERIES)

/** What could not be read, of which file of the result and from which line on or in how many lines, and why. */
export const remark = v.object({ file: text, line: v.optional(count), lines: v.optional(count), why: text })
export type Remark = v.InferOutput<typeof remark>

/** Of what a file is. */
export const seriesFileInfo = v.object({
  run: runId,
  member: name,
  /** Left out of that of persistent tools. */
  step: v.optional(step),
  /** How far the member's clock was ahead of the controller's when the times were shifted. */
  clock,
  /** When the first of the tools began, on the controller's clock. */
  began: instant,
  remarks: list(remark, MAX_REMARKS)
})
export type SeriesFileInfo = v.InferOutput<typeof seriesFileInfo>

/** @returns labels as a row has them: JSON with sorted keys */
export const labelsText = (labels: Record<string, string>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))))

/** @returns what tells a series from all others of its file */
export const seriesKey = ({ tool, metric, labels }: Pick<SeriesId, 'tool' | 'metric' | 'labels'>): string =>
  `${tool}\n${metric}\n${labelsText(labels)}`

/** Keys of the metadata. */
const FORMAT_KEY = 'bak.format'
const INDEX_KEY = 'bak.series'

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

/** @throws {BakError} `damaged` if there is anything wrong with them */
export function readMetadata(given: KeyValue[], where: string): { info: SeriesFileInfo; entries: IndexEntry[] } {
  const values = new Map(given.map(({ key, value }) => [key, value ?? '']))
  check(v.literal(String(SERIES_FORMAT)), values.get(FORMAT_KEY), 'damaged', where, FORMAT_KEY)
  const parsed = (key: string) => check(fromJson, values.get(key), 'damaged', where, key)
  const info = {
    ...{
      run: values.get('bak.run'),
      member: values.get('bak.member'),
      step: values.has('bak.step') ? parsed('bak.step') : undefined
    },
    ...{ clock: parsed('bak.clock'), began: parsed('bak.began'), remarks: parsed('bak.remarks') }
  }
  return {
    info: check(seriesFileInfo, info, 'damaged', `${where}bak.`),
    entries: check(index, parsed(INDEX_KEY), 'damaged', `${where}${INDEX_KEY} `)
  }
}

const fromJson = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): unknown => {
    try {
      return JSON.parse(dataset.value)
    } catch {
      addIssue({ message: 'is no JSON' })
      return NEVER
    }
  })
)
