/** Series by a `[[read]]` table of a user's tool (protocols/reading.ts): the metric of a column is `<tool>.<column>`. */
import type { Reading } from '../../protocols/reading.ts'
import type { FileAbout, LineReader, Put, SeriesReader, Sink } from '../series/reader.ts'
import { type Sample, sampleReader } from './read-samples.ts'

/** Series of one file: labels may have any values. */
const MAX_KNOWN = 20_000

export function genericReading(reading: Reading, tool: string): SeriesReader {
  return {
    files: [reading.file ?? `${tool}-stdout.txt`],
    open: (about, sink) => openReading(reading, about, sink)
  }
}

function openReading(reading: Reading, { tool, began, interval }: FileAbout, sink: Sink): LineReader {
  const next = sampleReader(reading)
  const known = new Map<string, Put>()
  const putOf = (labels: string, column: string, sample: Sample): Put => {
    const key = `${labels}\n${column}`
    const found = known.get(key)
    if (found != null) return found
    const put = sink.gauge(metricOf(tool, column), sample.labels, reading.units?.[column] ?? '')
    if (known.size < MAX_KNOWN) known.set(key, put)
    return put
  }
  const timeOf = timesOf(began, interval)
  const line = (text: string) => {
    const sample = next(text)
    if (sample == null) return
    if (typeof sample === 'string') return sink.bad(sample)
    const labels = Object.values(sample.labels).join('\t')
    const t = sample.time ?? timeOf(labels)
    for (const [column, value] of Object.entries(sample.values)) putOf(labels, column, sample)(t, value)
  }
  // a value of JSON that was cut off is none; half a number of CSV is another number
  return reading.format === 'json' ? { line, cut: line } : { line }
}

/** Where no column has a time, the rows of each thing are taken to be an interval apart. */
function timesOf(began: number, interval: number): (labels: string) => number {
  const rows = new Map<string, number>()
  return labels => {
    const row = rows.get(labels) ?? 0
    if (row > 0 || rows.size < MAX_KNOWN) rows.set(labels, row + 1)
    return began + row * interval * 1000
  }
}

/** `TCP-Sockets` and `% in use` are `tcp_sockets.in_use`. */
const metricOf = (tool: string, column: string): string => `${plain(tool)}.${plain(column)}`

const plain = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll('%', '')
    .trim()
    .replace(/[-/\s]+/g, '_')
