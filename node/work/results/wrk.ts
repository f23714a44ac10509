/** wrk and wrk2, with `--latency` also the percentiles. */
import { errors, main, meanTime, type ResultReader, throughput, worstTime } from './result-reader.ts'
import { plainNumber, sizeOf, timeOf } from './units.ts'

export const wrk: ResultReader = {
  claims: output => output.has(' threads and ', ' connections', 'Requests/sec:', 'Thread Stats'),
  read(output, found) {
    const hasShares = output.has('Latency Distribution')
    let failed = 0
    for (const line of output.lines()) {
      const [, mean, max] = /^ +Latency +([\d.]+[a-z]+) +[\d.]+[a-z]+ +([\d.]+[a-z]+) /.exec(line) ?? []
      found.add(['latency', 'mean'], timeOf(mean), hasShares ? meanTime() : main(meanTime()))
      found.add(['latency', 'max'], timeOf(max), worstTime())
      const [, share, time] = /^ +([\d.]+)% +([\d.]+[a-z]+)\s*$/.exec(line) ?? []
      if (share != null)
        found.add(
          ['latency', `p${Number(share)}`],
          timeOf(time),
          Number(share) === 99 ? main(worstTime()) : worstTime()
        )
      const [, status] = /^ +Non-2xx or 3xx responses: (\d+)/.exec(line) ?? []
      const [, ...sockets] = /^ +Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(line) ?? []
      failed += [status ?? '0', ...sockets].reduce((sum, each) => sum + Number(each), 0)
      found.add('requests', plainNumber(/^Requests\/sec: +([\d.]+)/.exec(line)?.[1]), main(throughput()))
      const [, transfer] = /^Transfer\/sec: +([\d.]+[KMGTP]?B)/.exec(line) ?? []
      // its prefixes are powers of 1024
      found.add('transfer', sizeOf(transfer, 1024), throughput('B/s'))
      // the last line of one run of it
      if (transfer == null) continue
      found.add('errors', failed, errors)
      failed = 0
    }
  }
}
