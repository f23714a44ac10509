/** redis-benchmark (and valkey-benchmark): `--csv`, `-q`, or the long text. */
import type { OutputText } from './output-text.ts'
import { type Found, type Meaning, main, meanTime, type ResultReader, throughput, worstTime } from './result-reader.ts'
import { cellsOf, plainNumber } from './units.ts'

/** Columns of CSV, and of the summary of the text. */
const TIMES: Record<string, [name: string, meaning: Meaning]> = {
  avg: ['mean', meanTime()],
  p50: ['p50', worstTime()],
  p95: ['p95', worstTime()],
  p99: ['p99', main(worstTime())],
  max: ['max', worstTime()]
}
const CSV_HEAD = '"test","rps"'

export const redisBenchmark: ResultReader = {
  claims: output =>
    output.has(`${CSV_HEAD},"avg_latency_ms"`) ||
    (output.has('requests per second') && (output.has('throughput summary:') || /, p50=[\d.]+ msec/.test(output.text))),
  read: (output, found) => (output.has(CSV_HEAD) ? readCsv(output, found) : readText(output, found))
}

function readCsv(output: OutputText, found: Found): void {
  let head: string[] = []
  for (const line of output.lines()) {
    if (line.startsWith(CSV_HEAD)) {
      head = cellsOf(line).map(cell => cell.replace(/_latency_ms$/, ''))
      continue
    }
    const cells = cellsOf(line)
    const [test = ''] = cells
    if (cells.length !== head.length || test === '') continue
    found.add([test, 'requests'], plainNumber(cells[1]), main(throughput()))
    addTimes(found, test, head, cells)
  }
}

function readText(output: OutputText, found: Found): void {
  let test = ''
  let head: string[] = []
  for (const line of output.lines()) {
    const [, title] = /^====== (.+) ======\s*$/.exec(line) ?? []
    if (title != null) test = title
    const [, rate] = /^ +throughput summary: ([\d.]+) requests per second/.exec(line) ?? []
    if (rate != null) found.add([test, 'requests'], plainNumber(rate), main(throughput()))
    const [, of, quick, median] = /^(\S.*): ([\d.]+) requests per second, p50=([\d.]+) msec/.exec(line) ?? []
    if (of != null) {
      found.add([of, 'requests'], plainNumber(quick), main(throughput()))
      found.add([of, 'latency', 'p50'], plainNumber(median), main(worstTime()))
    }
    const words = line.trim().split(/ +/)
    if (words[0] === 'avg' && words.includes('p99')) head = words
    else if (head.length > 0) {
      if (words.length === head.length) addTimes(found, test, head, words)
      head = []
    }
  }
}

function addTimes(found: Found, test: string, head: string[], cells: string[]): void {
  for (const [i, key] of head.entries()) {
    const [name, meaning] = Object.hasOwn(TIMES, key) ? (TIMES[key] ?? []) : []
    if (name != null && meaning != null) found.add([test, 'latency', name], plainNumber(cells[i]), meaning)
  }
}
