/**
 * What bak's own programs for bpftrace print: a line `time N` in s since 1970 before each sample, then counts by key, or histograms. What
 * programs of others print has no such line, and is not read.
 */
import type { FileAbout, Put, SeriesReader, Sink } from '../../series/reader.ts'
import { nameOf, sizeIn } from './cells.ts'
import { keptIn } from './kept.ts'

const TIME = /^time (\d+)$/
const COUNT = /^@(\w+)\[(.*)\]: (\d+)$/
const HISTOGRAM = /^@(\w+)(?:\[(.*)\])?: *$/
/** `[16]`, `[1K, 2K)`, `(..., 0)`. */
const BUCKET = /^([[(](?:\.\.\.|-?\d+[KMGTPE]?)(?:, (?:\.\.\.|-?\d+[KMGTPE]?))?[\])])\s+(\d+) \|/
/** Shares of what was counted, of which the upper bound of their bucket is said. */
const PERCENTILES = [50, 90, 99]

interface Histogram {
  name: string
  key: string
  buckets: Array<{ range: string; count: number }>
}

export const bpftrace: SeriesReader[] = [{ files: ['bpftrace-stdout.txt'], open }]

function open(about: FileAbout, sink: Sink) {
  const known = new Map<string, Put>()
  let [last, at] = [Number.NaN, Number.NaN]
  let isOver = false
  let histogram: Histogram | undefined
  const put = (metric: string, labels: Record<string, string>, unit: string, value: number) =>
    keptIn(known, `${metric}\n${Object.values(labels).join('\n')}`, () => sink.gauge(metric, labels, unit))(at, value)
  const rate = (name: string, labels: Record<string, string>, count: number) => {
    const since = Number.isNaN(last) ? about.interval * 1000 : at - last
    if (since > 0) put(`bpftrace.${nameOf(name)}`, labels, '/s', (count / since) * 1000)
  }
  /** Ranges that each histogram has had: one that is not printed is 0. */
  const ranges = new Map<string, Set<string>>()
  const endHistogram = () => {
    if (histogram == null) return
    const { name, key, buckets } = histogram
    histogram = undefined
    const counts = new Map(buckets.map(({ range, count }) => [range, count]))
    const had = keptIn(ranges, `${name}\n${key}`, () => new Set())
    for (const range of new Set([...had, ...counts.keys()])) {
      had.add(range)
      rate(name, key === '' ? { kind: range } : { kind: range, process: key }, counts.get(range) ?? 0)
    }
    for (const { percentile, most } of percentilesOf(name, buckets))
      put(`bpftrace.${nameOf(name.slice(0, -3))}.p${percentile}`, key === '' ? {} : { process: key }, 'ms', most / 1000)
  }
  return {
    line(text: string) {
      const [, second] = TIME.exec(text) ?? []
      if (second != null) {
        endHistogram()
        // its timer begins when its probes are there: all that is known is the second, in which may be two
        const printed = Number(second) * 1000 + 500
        ;[last, at, isOver] = [at, printed > at || Number.isNaN(at) ? printed : at + about.interval * 1000, false]
        return
      }
      // an empty line follows each sample; what it prints when it ends has no time
      if (text === '') isOver = true
      if (isOver || Number.isNaN(at)) return
      const [, name, key, count] = COUNT.exec(text) ?? []
      if (name != null) return rate(name, { process: key ?? '' }, Number(count))
      const [, histogramName, histogramKey = ''] = HISTOGRAM.exec(text) ?? []
      if (histogramName != null) {
        endHistogram()
        histogram = { name: histogramName, key: histogramKey, buckets: [] }
        return
      }
      const [, range = '', number] = BUCKET.exec(text) ?? []
      if (number != null) histogram?.buckets.push({ range, count: Number(number) })
    },
    end: endHistogram
  }
}

/** The upper bound of a bucket, which is not in it: K is 1024. */
const highest = (range: string) => sizeIn(/(-?\d+[KMGTPE]?)[\])]$/.exec(range)?.[1] ?? '', 1024)

/** Of times, which are in microseconds. */
function percentilesOf(name: string, buckets: Histogram['buckets']): Array<{ percentile: number; most: number }> {
  const all = buckets.reduce((sum, { count }) => sum + count, 0)
  if (all === 0 || !name.endsWith('_us')) return []
  return PERCENTILES.map(percentile => {
    let left = (all * percentile) / 100
    const bucket = buckets.find(({ count }) => {
      left -= count
      return left <= 0
    })
    return { percentile, most: highest(bucket?.range ?? '') }
  })
}
