/** Shares of time of processors, from counters of ticks as /proc/stat has them. */
import type { Put, Sink } from '../../series/reader.ts'
import { csvFile } from './csv-file.ts'
import { grownBy } from './difference.ts'
import { keptIn } from './kept.ts'

/** Columns of a processor that count ticks. What guests used is in `user` and `nice`, too. */
const TICKS = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal', 'guest', 'guest_nice']
/** How many of them make up the whole time. */
const WHOLE = 8
/** Samples closer than this, ms, as the last one may be to the one before, say nothing: ticks are 10 ms. */
const CLOSEST_MS = 50
/** The kernel corrects these downwards, too. */
const CORRECTED = new Set(['idle', 'iowait'])

const MODES = ['user', 'nice', 'system', 'iowait', 'irq', 'softirq', 'steal', 'guest', 'idle', 'busy']

/**
 * `cpu.busy` is what is neither `idle` nor `iowait`; `cpu.user` and `cpu.nice` are without what guests used, as in mpstat.
 * A processor that is away has no rows, and its first row after that is compared with its last one before.
 */
export const processors = csvFile('cpu.csv', (columns, sink) => {
  const places = TICKS.map(name => columns.indexOf(name))
  const known = new Map<string, Processor>()
  return (at, cells) => {
    const name = cells[1] ?? ''
    const processor = keptIn(known, name, () => openProcessor(name.slice(3) || 'all', sink))
    const { ticks, puts } = processor
    if (at - processor.at < CLOSEST_MS) return
    processor.at = at
    const grown = places.map((place, i) => {
      const now = place < 0 ? 0 : Number(cells[place])
      const by = grownBy(ticks[i] as number, now)
      ticks[i] = now
      return Number.isNaN(by) && CORRECTED.has(TICKS[i] as string) ? 0 : by
    })
    let whole = 0
    for (let i = 0; i < WHOLE; i++) whole += grown[i] as number
    // not a number at the first row, and where one of them has been set back
    if (whole > 0) sharesOf(grown as Ten, whole).forEach((share, i) => void puts[i]?.(at, share * 100))
  }
})

interface Processor {
  /** Of the row before, ms since 1970. */
  at: number
  /** As they were; not a number before the first row. */
  ticks: Float64Array
  /** By mode. */
  puts: Put[]
}

const openProcessor = (cpu: string, sink: Sink): Processor => ({
  at: Number.NEGATIVE_INFINITY,
  ticks: new Float64Array(TICKS.length).fill(Number.NaN),
  puts: MODES.map(mode => sink.gauge(`cpu.${mode}`, { cpu }, '%'))
})

type Ten = [number, number, number, number, number, number, number, number, number, number]

/** @returns of each mode */
function sharesOf([user, nice, system, idle, iowait, irq, softirq, steal, guest, guestNice]: Ten, whole: number) {
  const own = [Math.max(0, user - guest), Math.max(0, nice - guestNice), system, iowait, irq, softirq, steal]
  return [...own, guest + guestNice, idle, whole - idle - iowait].map(ticks => ticks / whole)
}
