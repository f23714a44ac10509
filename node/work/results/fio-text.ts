/** What fio prints for people, line by line: jobs, in each its directions, and in these their latencies. */
import type { FioDirection, FioTime } from './fio-direction.ts'
import type { OutputText } from './output-text.ts'
import { factorOf, msOf, plainNumber, sizeOf } from './units.ts'

const JOB = /^(.+): \(groupid=(\d+), jobs=\d+\): err=/
const DIRECTION = /^ {2}(read|write|trim) *: IOPS=([\d.]+)([kMG]?), BW=([\d.]+[KMGT]?i?B)\/s/
const TIME = /^ +(clat|lat) +\((nsec|usec|msec|sec)\): min=.*max=([\d.]+)([kMG]?), avg=([\d.]+)/
const PERCENTILES = /^ +(clat|lat) percentiles \((nsec|usec|msec|sec)\):/

export function readFioText(output: OutputText): FioDirection[] {
  const found: FioDirection[] = []
  let job = { job: '', group: 0 }
  let last: FioDirection | undefined
  /** Where percentiles of the next lines belong, and their unit in ms. */
  let open: { time: FioTime; unit: number } | undefined
  for (const line of output.lines()) {
    const [, name, group] = JOB.exec(line) ?? []
    if (name != null) job = { job: name, group: Number(group) }
    const [, direction, iops, prefix = '', bw] = DIRECTION.exec(line) ?? []
    if (direction != null) {
      last = { ...job, direction, iops: scaled(iops, prefix), bw: sizeOf(bw, 1000), times: [] }
      found.push(last)
    }
    if (name != null) last = undefined
    if (last == null) continue
    const [, kind, timeUnit = '', max, maxPrefix = '', avg] = TIME.exec(line) ?? []
    const ms = msOf(timeUnit) ?? 0
    if (kind === 'clat' || kind === 'lat') {
      const values = { mean: (plainNumber(avg) ?? 0) * ms, max: (scaled(max, maxPrefix) ?? 0) * ms }
      last.times.push({ kind, ...values, percentiles: new Map() })
    }
    const [, of, percentileUnit = ''] = PERCENTILES.exec(line) ?? []
    const time = last.times.find(each => each.kind === of)
    if (time != null) open = { time, unit: msOf(percentileUnit) ?? 0 }
    else if (!/^ +\|/.test(line)) open = undefined
    for (const [, share, value] of open == null ? [] : line.matchAll(/([\d.]{1,9})th=\[ {0,9}(\d{1,15})\]/g)) {
      open?.time.percentiles.set(Number(share), Number(value) * open.unit)
    }
  }
  return found
}

/** `14.5` with the prefix `k` is 14500. */
function scaled(digits: string | undefined, prefix: string): number | undefined {
  const value = plainNumber(digits)
  const factor = factorOf(prefix, 1000)
  return value == null || factor == null ? undefined : value * factor
}
