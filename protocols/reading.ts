/** How a file that a tool writes is read: which of its columns, keys or groups are times, labels and values. */
import * as v from 'valibot'
import { list } from './fields.ts'
import { table } from './free-keys.ts'

const column = v.pipe(v.string(), v.minLength(1), v.maxLength(128))
const columns = list(column, 256)
/** Of a file in the folder of the tool, also in a folder there. */
export const fileName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(200),
  v.check(
    path => !path.split('/').some(part => ['', '.', '..'].includes(part)) && !path.includes('\0'),
    'a file is named from the folder of the tool: no / at the begin, and no ..'
  )
)

const common = {
  /** Its stdout, if it is left out. */
  file: v.optional(fileName),
  /** The column with the time of a sample. */
  time: v.optional(column),
  /** Since 1970, or `iso` for 2026-11-30T22:00:00Z; a time without a zone is UTC. */
  time_unit: v.optional(v.picklist(['s', 'ms', 'us', 'ns', 'iso'])),
  /** Columns that say of what a row is: a device, a queue. */
  labels: v.optional(list(column, 16)),
  /** Columns with numbers; all others than time and labels, if it is left out. */
  values: v.optional(columns),
  /** Of values, by column. */
  units: v.optional(table(column, v.pipe(v.string(), v.maxLength(32))))
}

const csv = v.strictObject({
  format: v.literal('csv'),
  ...common,
  separator: v.optional(v.pipe(v.string(), v.length(1, 'expected one character'))),
  /** Of a file without a line of names at its begin. */
  columns: v.optional(v.pipe(columns, v.minLength(1)))
})

/** A value a line; a column is a way into it, such as `queue.depth` or `cpus.0.busy`. */
const json = v.strictObject({ format: v.literal('json'), ...common })

const regex = v.strictObject({
  format: v.literal('regex'),
  ...common,
  /** Of a line; its named groups are the columns. */
  pattern: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(1024),
    v.rawCheck(({ dataset, addIssue }) => {
      const why = dataset.typed ? whyNoPattern(dataset.value) : undefined
      if (why != null) addIssue({ message: why })
    })
  )
})

export const reading = v.variant('format', [csv, json, regex], 'a reading has format = "csv", "json" or "regex"')
export type Reading = v.InferOutput<typeof reading>
export const readings = list(reading, 16)

/** @returns the names of the groups of a pattern */
export const groupsOf = (pattern: string): string[] =>
  [...pattern.matchAll(/\(\?<([A-Za-z_]\w*)>/g)].map(found => found[1] as string)

function whyNoPattern(pattern: string): string | undefined {
  try {
    new RegExp(pattern)
  } catch (cause) {
    return `is no regular expression: ${(cause as Error).message.replace(/^Invalid regular expression: /, '')}`
  }
  return groupsOf(pattern).length > 0 ? undefined : 'names no group: (?<name>...) says what a value is'
}

/** @returns a mistake between the keys of a reading, in words */
export function whyUnreadable(given: Reading): string | undefined {
  const { time, labels = [], values = [] } = given
  const named = [...(time == null ? [] : [time]), ...labels, ...values]
  const twice = named.find((each, i) => named.indexOf(each) !== i)
  if (twice != null) return `${twice} is named twice`
  const known = given.format === 'csv' ? given.columns : given.format === 'regex' ? groupsOf(given.pattern) : undefined
  const unknown = known && named.find(each => !known.includes(each))
  if (unknown != null) return `${unknown} is none of ${known?.join(', ')}`
  if (given.format === 'json' && values.length === 0) return 'JSON needs values: the ways to its numbers'
  if (given.time_unit != null && time == null) return 'time_unit is for a time: name its column'
  return undefined
}
