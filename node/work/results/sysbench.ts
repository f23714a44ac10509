/** sysbench: cpu, memory, fileio, threads, mutex, and the OLTP tests. */
import { errors, type Meaning, main, meanTime, type ResultReader, throughput, worstTime } from './result-reader.ts'
import { plainNumber } from './units.ts'

const MIB = 1024 * 1024
const rate = throughput()
const speed = throughput('B/s')

/** A line of its report: what it is, the unit of its number in that of bak, and its name. */
const LINES: Array<[pattern: RegExp, name: string[], meaning: Meaning, factor?: number]> = [
  [/^ +reads\/s: +([\d.]+)$/, ['reads'], rate],
  [/^ +writes\/s: +([\d.]+)$/, ['writes'], rate],
  [/^ +fsyncs\/s: +([\d.]+)$/, ['fsyncs'], rate],
  [/^ +read, MiB\/s: +([\d.]+)$/, ['read', 'bw'], speed, MIB],
  [/^ +written, MiB\/s: +([\d.]+)$/, ['write', 'bw'], speed, MIB],
  [/^[\d.]+ MiB transferred \(([\d.]+) MiB\/sec\)$/, ['memory', 'bw'], speed, MIB],
  [/^ +transactions: +\d+ +\(([\d.]+) per sec\.\)$/, ['transactions'], rate],
  [/^ +queries: +\d+ +\(([\d.]+) per sec\.\)$/, ['queries'], rate],
  [/^ +ignored errors: +\d+ +\(([\d.]+) per sec\.\)$/, ['errors'], { ...errors, unit: '/s' }],
  [/^ +reconnects: +\d+ +\(([\d.]+) per sec\.\)$/, ['reconnects'], { ...errors, unit: '/s' }],
  [/^ +avg: +([\d.]+)$/, ['latency', 'mean'], meanTime()],
  [/^ +max: +([\d.]+)$/, ['latency', 'max'], worstTime()]
]
const PERCENTILE = /^ +([\d.]+)th percentile: +([\d.]+)$/
const TIME = /^ +total time: +([\d.]+)s$/
/** Not of all tests: of the others it is their number by the time. */
const EVENT_RATE = /^(?: +events per second: +([\d.]+)|Total operations: \d+ \( *([\d.]+) per second\))$/
const EVENTS = /^ +total number of events: +(\d+)$/

export const sysbench: ResultReader = {
  claims: output => /^sysbench \d/m.test(output.text) && output.has('General statistics:'),
  read(output, found) {
    let seconds: number | undefined
    let stated: number | undefined
    for (const line of output.lines()) {
      for (const [pattern, name, meaning, factor = 1] of LINES) {
        const value = plainNumber(pattern.exec(line)?.[1])
        if (value != null) found.add(name, value * factor, meaning)
      }
      const [, share, latency] = PERCENTILE.exec(line) ?? []
      // a percentile of 0 was not asked for
      if (share != null && Number(share) > 0)
        found.add(['latency', `p${share}`], plainNumber(latency), main(worstTime()))
      seconds = plainNumber(TIME.exec(line)?.[1]) ?? seconds
      const [, ...rates] = EVENT_RATE.exec(line) ?? []
      stated = plainNumber(rates.find(each => each != null)) ?? stated
      const events = plainNumber(EVENTS.exec(line)?.[1])
      if (events == null) continue
      found.add('events', stated ?? (seconds != null && seconds > 0 ? events / seconds : undefined), main(rate))
      seconds = stated = undefined
    }
  }
}
