/** What the metadata of a file of series may be: the file is a member's. */
import * as v from 'valibot'
import { check, type Schema } from '../codec.ts'
import { count, instant, list, name, runId, text } from '../fields.ts'
import { table } from '../free-keys.ts'
import { clock } from '../manifest.ts'
import { step } from '../phase.ts'
import {
  FORMAT_KEY,
  INDEX_KEY,
  type IndexEntry,
  type KeyValue,
  MAX_LABEL,
  MAX_LABELS,
  MAX_METRIC,
  MAX_REMARKS,
  MAX_SERIES,
  MAX_UNIT,
  SERIES_FORMAT,
  type SeriesFileInfo
} from './series-file.ts'

/** Names of columns of tools may be longer than other names, and have any letters. */
const words = (max: number) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(max), v.regex(/^[^\p{Cc}]+$/u, 'has control characters'))
const labels = v.pipe(
  table(words(64), v.pipe(v.string(), v.maxLength(MAX_LABEL))),
  v.check(entries => Object.keys(entries).length <= MAX_LABELS, `more than ${MAX_LABELS} labels`)
)

const finite = v.pipe(v.number(), v.finite())
const range = v.tuple([count, v.pipe(count, v.minValue(1))])
const indexEntry = v.object({
  ...{ tool: name, metric: words(MAX_METRIC), labels, unit: v.pipe(v.string(), v.maxLength(MAX_UNIT)) },
  kind: v.picklist(['gauge', 'rate']),
  rows: v.pipe(v.array(range), v.minLength(1)),
  ...{ min: finite, max: finite, mean: finite, last: finite }
})
const index: Schema<IndexEntry[]> = list(indexEntry, MAX_SERIES)

const remark = v.object({ file: text, line: v.optional(count), lines: v.optional(count), why: text })
const seriesFileInfo: Schema<SeriesFileInfo> = v.object({
  ...{ run: runId, member: name, step: v.optional(step), clock, began: instant },
  remarks: list(remark, MAX_REMARKS)
})

/** @throws {BakError} `damaged` if there is anything wrong with them */
export function readMetadata(given: KeyValue[], where: string): { info: SeriesFileInfo; entries: IndexEntry[] } {
  // what is damaged may hold other things than pairs
  const values = new Map(given.map(pair => [pair?.key, pair?.value ?? '']))
  check(v.literal(String(SERIES_FORMAT)), values.get(FORMAT_KEY), 'damaged', where, FORMAT_KEY)
  const parsed = (key: string) => check(fromJson, values.get(key), 'damaged', where, key)
  const info = {
    ...{ run: values.get('bak.run'), member: values.get('bak.member') },
    step: values.has('bak.step') ? parsed('bak.step') : undefined,
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
