/** Reads what a tool wrote, as its reading says: samples with a time, labels and numbers. Pure. */
import { splitCsv } from '../../protocols/csv.ts'
import type { Reading } from '../../protocols/reading.ts'
import { ifPossible } from '../if-possible.ts'

export interface Sample {
  /** ms since 1970; left out where the reading names no time. */
  time?: number
  labels: Record<string, string>
  values: Record<string, number>
}

/** The cells of a line by column; a text says why it has none. */
type Cells = Map<string, unknown> | string

/** Longest line that is matched: a pattern may take long on a long one. */
const MAX_MATCHED = 4096
const PER_MS: Record<string, number> = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 }

/**
 * A pattern of others may take long: whoever reads by one sets a limit.
 * @returns what takes the lines of one file in turn: a sample, why a line is none, or undefined where it need not be one, as where it is empty
 * or a pattern does not fit it
 */
export function sampleReader(reading: Reading): (line: string) => Sample | string | undefined {
  const cellsOf = readerOf(reading)
  return line => {
    if (line.trim() === '') return undefined
    const cells = cellsOf(line)
    if (cells === 'skip') return undefined
    return typeof cells === 'string' ? cells : sampleOf(reading, cells)
  }
}

/** @returns what makes cells of a line; `skip` for a line that is no sample */
function readerOf(reading: Reading): (line: string) => Cells {
  if (reading.format === 'csv') return csvReader(reading.separator ?? ',', reading.columns)
  if (reading.format === 'json') return line => jsonCells(line, columnsOf(reading))
  const pattern = new RegExp(reading.pattern)
  return line => {
    if (line.length > MAX_MATCHED) return `has ${line.length} characters; ${MAX_MATCHED} are the most`
    const { groups } = pattern.exec(line) ?? {}
    return groups == null ? 'skip' : new Map(Object.entries(groups))
  }
}

/** The first line has the names of the columns, unless the reading has. */
function csvReader(separator: string, columns?: string[]): (line: string) => Cells {
  let names = columns
  return line => {
    const cells = splitCsv(line, separator)
    if (cells == null) return 'a quote is not closed'
    if (names == null) {
      names = cells.map(cell => cell.trim().replace(/^#\s*/, ''))
      return 'skip'
    }
    if (cells.length !== names.length) return `has ${cells.length} cells; there are ${names.length} columns`
    return new Map(names.map((name, i) => [name, cells[i]]))
  }
}

function jsonCells(line: string, columns: string[]): Cells {
  const value: unknown = ifPossible(() => JSON.parse(line))
  if (value === undefined) return 'is no JSON'
  if (value == null || typeof value !== 'object') return 'is no object of JSON'
  return new Map(columns.map(column => [column, follow(value, column.split('.'))]))
}

function follow(value: unknown, way: string[]): unknown {
  let at = value
  for (const key of way) {
    if (at == null || typeof at !== 'object' || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return at
}

const columnsOf = ({ time, labels = [], values = [] }: Reading): string[] => [
  ...(time == null ? [] : [time]),
  ...labels,
  ...values
]

/** @returns a text that says why it is none */
function sampleOf(reading: Reading, cells: Map<string, unknown>): Sample | string {
  const { time, labels = [], values } = reading
  const sample: Sample = { labels: {}, values: {} }
  if (time != null) {
    const at = timeOf(cells.get(time), reading.time_unit ?? 's')
    if (at == null) return `${time}: ${shown(cells.get(time))} is no time in ${reading.time_unit ?? 's'}`
    sample.time = at
  }
  for (const label of labels) {
    const value = cells.get(label)
    if (value == null) return `${label}: is missing`
    sample.labels[label] = String(value).trim()
  }
  for (const name of values ?? [...cells.keys()].filter(each => each !== time && !labels.includes(each))) {
    const value = numberOf(cells.get(name))
    if (value != null) sample.values[name] = value
    // what is named must be there; of all others those that are numbers are values
    else if (values != null) return `${name}: ${shown(cells.get(name))} is no number`
  }
  return Object.keys(sample.values).length > 0 ? sample : 'has no number'
}

function numberOf(cell: unknown): number | undefined {
  if (typeof cell === 'boolean') return Number(cell)
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : undefined
  if (typeof cell !== 'string' || !/^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*%?\s*$/i.test(cell)) return undefined
  return Number(cell.replace('%', ''))
}

function timeOf(cell: unknown, unit: string): number | undefined {
  if (unit !== 'iso') {
    const number = numberOf(cell)
    return number == null ? undefined : number * (PER_MS[unit] as number)
  }
  if (typeof cell !== 'string') return undefined
  // without a zone Node would take that of the machine
  const text = cell.trim().replace(' ', 'T').replace(',', '.')
  const at = Date.parse(/(Z|[-+]\d\d:?\d\d)$/i.test(text) || !text.includes('T') ? text : `${text}Z`)
  return Number.isNaN(at) ? undefined : at
}

const shown = (cell: unknown) => (cell == null ? 'nothing' : JSON.stringify(cell).slice(0, 60))
