/** `perf stat`: what it prints, `-x,` or `-j`; not its intervals, which are no result. */
import { at, type OutputText } from './output-text.ts'
import { type Found, main, meanTime, type ResultReader } from './result-reader.ts'
import { plainNumber } from './units.ts'

export const perfStat: ResultReader = {
  claims: output =>
    output.has('{"counter-value" : ') || output.has('Performance counter stats for ') || hasCounts(output),
  read(output, found) {
    const counts = new Counts(found)
    const isJson = output.has('{"counter-value" : ')
    const isText = output.has('Performance counter stats for ')
    for (const line of output.lines()) {
      if (isJson) readJsonLine(line, counts)
      else if (isText) readTextLine(line, counts, found)
      else readCsvLine(line, counts)
    }
    counts.end()
  }
}

/** Counts of one event, which are a line for each processor with `-A`: their sum. */
class Counts {
  readonly #found: Found
  readonly #sums = new Map<string, { value: number; unit: string }>()
  readonly #uncounted = new Set<string>()

  constructor(found: Found) {
    this.#found = found
  }

  /** @param value as perf has it: `<not supported>` and `<not counted>` are none */
  add(event: string, value: string, unit: string): void {
    const number = plainNumber(value)
    if (number == null) {
      if (value.startsWith('<')) this.#uncounted.add(event)
      return
    }
    const sum = this.#sums.get(event)
    if (sum == null) this.#sums.set(event, { value: number, unit })
    else sum.value += number
  }

  end(): void {
    for (const [event, { value, unit }] of this.#sums) {
      const meaning = { across: 'sum' as const, ...(unit === '' ? {} : { unit: unit === 'msec' ? 'ms' : unit }) }
      this.#found.add(event, value, meaning)
    }
    const none = [...this.#uncounted].filter(each => !this.#sums.has(each))
    if (none.length > 0) this.#found.warn(`perf stat did not count ${none.slice(0, 8).join(', ')}`)
  }
}

/** `0.85,msec,task-clock,845922,100.00,`, with `CPU0,` before it with `-A`; intervals have a time there. */
const CSV = /^(?:[SCD][\w-]*,(?:\d+,)?)?([\d.]+|<[\w ]+>),([\w/% ]*),([^,\s][^,]*),\d+,\d{1,3}\.\d\d,/

function hasCounts(output: OutputText): boolean {
  for (const line of output.lines()) if (CSV.test(line)) return true
  return false
}

function readCsvLine(line: string, counts: Counts): void {
  const [, value, unit = '', event] = CSV.exec(line) ?? []
  if (value != null && event != null) counts.add(event, value, unit)
}

function readJsonLine(line: string, counts: Counts): void {
  if (!line.startsWith('{')) return
  const each: unknown = JSON.parse(line)
  if (at(each, 'interval') != null) return
  const [event, value, unit] = ['event', 'counter-value', 'unit'].map(key => `${at(each, key) ?? ''}`)
  if (event != null && event !== '' && value != null) counts.add(event, value, unit ?? '')
}

const COUNT = /^ +([\d,.]+|<[\w ]+>) +(?:(msec|Joules|MiB|%) +)?([A-Za-z][^\s#]*)(?: +#.*| +\(.*| *)$/
const ELAPSED = /^ +([\d.]+)(?: \+- [\d.]+)? seconds (time elapsed|user|sys)/

function readTextLine(line: string, counts: Counts, found: Found): void {
  const [, seconds, what] = ELAPSED.exec(line) ?? []
  if (what === 'time elapsed') return found.add('elapsed', plainNumber(seconds), main(meanTime('s')))
  if (what != null) return found.add(what, plainNumber(seconds), meanTime('s'))
  const [, value, unit = '', event] = COUNT.exec(line) ?? []
  if (value != null && event != null) counts.add(event, value.startsWith('<') ? value : value.replaceAll(',', ''), unit)
}
