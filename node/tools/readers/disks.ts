/** Rates, times and queues of disks, from counters as /proc/diskstats has them. */
import { grownBy } from '../../series/counter.ts'
import type { Sink } from '../../series/reader.ts'
import { csvFile } from './csv-file.ts'
import { keptIn } from './kept.ts'

const SECTOR = 512

interface Rate {
  column: string
  metric: string
  unit: string
  scale?: number
  /** Bits of the kernel's number. */
  wrap?: 32
}

const RATES: Rate[] = [
  { column: 'reads', metric: 'disk.reads', unit: '/s' },
  { column: 'writes', metric: 'disk.writes', unit: '/s' },
  { column: 'discards', metric: 'disk.discards', unit: '/s' },
  { column: 'flushes', metric: 'disk.flushes', unit: '/s' },
  { column: 'reads_merged', metric: 'disk.reads.merged', unit: '/s' },
  { column: 'writes_merged', metric: 'disk.writes.merged', unit: '/s' },
  { column: 'sectors_read', metric: 'disk.read.bytes', unit: 'B/s', scale: SECTOR },
  { column: 'sectors_written', metric: 'disk.write.bytes', unit: 'B/s', scale: SECTOR },
  { column: 'sectors_discarded', metric: 'disk.discard.bytes', unit: 'B/s', scale: SECTOR },
  // ms of all requests in a second
  { column: 'weighted_ms', metric: 'disk.queue', unit: '', scale: 0.001, wrap: 32 }
]

/** Ms by requests. */
const WAITS: Array<[ms: string, requests: string, metric: string]> = [
  ['read_ms', 'reads', 'disk.read.await'],
  ['write_ms', 'writes', 'disk.write.await'],
  ['discard_ms', 'discards', 'disk.discard.await'],
  ['flush_ms', 'flushes', 'disk.flush.await']
]

/** A wait is there where a request has ended. */
export const disks = csvFile('disks.csv', (columns, sink) => {
  const place = (name: string) => columns.indexOf(name)
  const [inFlight, busy] = [place('in_flight'), place('io_ms')]
  const rates = RATES.flatMap(rate => (place(rate.column) < 0 ? [] : [{ ...rate, i: place(rate.column) }]))
  const waits = WAITS.flatMap(([ms, requests, metric]) =>
    place(ms) < 0 ? [] : [{ ms: place(ms), requests: place(requests), metric }]
  )
  const open = (device: string, to: Sink) => ({
    at: Number.NaN,
    counts: [] as number[],
    rates: rates.map(({ i, metric, unit, scale, wrap }) => ({
      ...{ i, put: to.counter(metric, { device }, unit, { scale, wrap }) }
    })),
    waits: waits.map(({ metric, ...of }) => ({ ...of, put: to.gauge(metric, { device }, 'ms') })),
    inFlight: to.gauge('disk.inflight', { device }, ''),
    util: to.gauge('disk.util', { device }, '%')
  })
  const known = new Map<string, ReturnType<typeof open>>()
  return (at, cells) => {
    const name = cells[1] ?? ''
    const disk = keptIn(known, name, () => open(name, sink))
    const counts = cells.map(Number)
    disk.inFlight(at, counts[inFlight] as number)
    for (const { i, put } of disk.rates) put(at, counts[i] as number)
    const { counts: before, at: last } = disk
    const grown = (i: number, wrap?: 32) => grownBy(before[i] as number, counts[i] as number, wrap)
    if (at > last) {
      // the kernel counts in ms, and may be one ahead of the clock
      disk.util(at, Math.min(100, (grown(busy, 32) / (at - last)) * 100))
      for (const { ms, requests, put } of disk.waits) {
        const ended = grown(requests)
        if (ended > 0) put(at, grown(ms, 32) / ended)
      }
    }
    disk.at = at
    disk.counts = counts
  }
})
