/** pgbench: its summary. */
import { errors, type Meaning, main, meanTime, type ResultReader, throughput } from './result-reader.ts'
import { plainNumber } from './units.ts'

const LINES: Array<[pattern: RegExp, name: string | string[], meaning: Meaning]> = [
  // before PostgreSQL 14 there is another line that includes the time to connect
  [/^tps = ([\d.]+) \((?:without|excluding) /, 'tps', main(throughput())],
  // with -C there is this line only
  [/^tps = ([\d.]+) \(including reconnection times\)/, 'tps', main(throughput())],
  [/^latency average = ([\d.]+) ms/, ['latency', 'mean'], main(meanTime())],
  [/^latency stddev = ([\d.]+) ms/, ['latency', 'stddev'], meanTime()],
  [/^(?:initial|average) connection time = ([\d.]+) ms/, 'connect', meanTime()],
  [/^number of failed transactions: (\d+) /, 'failed', errors],
  [/^number of transactions above the [\d.]+ ms latency limit: (\d+)/, 'late', errors],
  [/^number of transactions skipped: (\d+) /, 'skipped', errors]
]

export const pgbench: ResultReader = {
  claims: output => /^tps = [\d.]+ \(/m.test(output.text) && output.has('transaction type: '),
  read(output, found) {
    for (const line of output.lines()) {
      for (const [pattern, name, meaning] of LINES) found.add(name, plainNumber(pattern.exec(line)?.[1]), meaning)
    }
  }
}
