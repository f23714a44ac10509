/** uperf: the line of the master in its statistics of the run, and the times of its transactions where it prints them (`-a`). */
import { errors, main, meanTime, type ResultReader, throughput, worstTime } from './result-reader.ts'
import { plainNumber, sizeOf, timeOf } from './units.ts'

const MASTER = /^master +([\d.]+)s +[\d.]+\w+ +([\d.]+[KMGT]?)b\/s +(\d+) +([\d.]+)\s*$/
const TRANSACTION = /^(Txn\d+) +\d+ +([\d.]+[a-zµ]+) +[\d.]+[a-zµ]+ +([\d.]+[a-zµ]+) +[\d.]+[a-zµ]+\s*$/

export const uperf: ResultReader = {
  claims: output => output.has('Run Statistics', 'Hostname', 'Throughput') && /^master /m.test(output.text),
  read(output, found) {
    for (const line of output.lines()) {
      const [, txn, mean, max] = TRANSACTION.exec(line) ?? []
      if (txn != null) {
        found.add([txn, 'mean'], timeOf(mean), meanTime())
        found.add([txn, 'max'], timeOf(max), worstTime())
      }
      const [, time, rate, operations, failed] = MASTER.exec(line) ?? []
      const seconds = plainNumber(time)
      if (seconds == null) continue
      // its prefixes of bits are powers of 1000, those of bytes of 1024
      found.add('throughput', sizeOf(rate, 1000), main(throughput('bit/s')))
      if (seconds > 0) found.add('operations', Number(operations) / seconds, throughput())
      found.add('errors', plainNumber(failed), errors)
    }
  }
}
