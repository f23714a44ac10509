/** sysbench with `--report-interval`: `[ 1s ] thds: 2 eps: 8380.72 lat (ms,99%): 0.36`, and what its other tests print. */
import type { SeriesReader } from '../../series/reader.ts'
import { plainNumber } from '../results/units.ts'
import { KeptPuts } from './kept-puts.ts'

const MIB = 1024 * 1024
const BEGIN = /^\[ (\d{1,9})s \] /
const LATENCY = / lat(?:ency)? \(ms,\s?(\d{1,3})%\): ([\d.]+)/
/** The word before a number, its metric and unit, and the unit of the number in that. */
const VALUES: Array<[pattern: RegExp, metric: string, unit: string, factor?: number]> = [
  [/ eps: ([\d.]+)/, 'sysbench.events', '/s'],
  [/ tps: ([\d.]+)/, 'sysbench.transactions', '/s'],
  [/ qps: ([\d.]+)/, 'sysbench.queries', '/s'],
  [/ err\/s: ([\d.]+)/, 'sysbench.errors', '/s'],
  [/ reconn\/s: ([\d.]+)/, 'sysbench.reconnects', '/s'],
  [/ reads: ([\d.]+) MiB\/s/, 'sysbench.read.bw', 'B/s', MIB],
  [/ writes: ([\d.]+) MiB\/s/, 'sysbench.write.bw', 'B/s', MIB],
  [/ fsyncs: ([\d.]+)\/s/, 'sysbench.fsyncs', '/s'],
  [/ ([\d.]+) MiB\/sec/, 'sysbench.memory.bw', 'B/s', MIB]
]

export const sysbenchReport: SeriesReader['open'] = ({ began }, sink) => {
  const puts = new KeptPuts(sink)
  return {
    line(text) {
      const seconds = plainNumber(text.startsWith('[ ') ? BEGIN.exec(text)?.[1] : undefined)
      if (seconds == null) return
      const t = began + seconds * 1000
      for (const [pattern, metric, unit, factor = 1] of VALUES) {
        const value = plainNumber(pattern.exec(text)?.[1])
        if (value != null) puts.put(metric, unit, t, value * factor)
      }
      const [, share, latency] = LATENCY.exec(text) ?? []
      if (share != null) puts.put(`sysbench.latency.p${share}`, 'ms', t, plainNumber(latency))
    }
  }
}
