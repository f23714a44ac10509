/** Shares of time of processors, from counters of ticks as /proc/stat has them. */
import { grownBy } from '../../series/counter.ts'
import type { Put, Sink } from '../../series/reader.ts'
import { csvFile } from './csv-file.ts'
import { keptIn } from './kept.ts'

/** Columns of a processor that count ticks. What guests used is in `user` and `nice`, too. */
const TICKS = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal', 'guest', 'guest_nice']
/** How many of them make up the whole time. */
const WHOLE = 8
/** Samples closer than this, ms, as the last one may be to the one before, say nothing: ticks are 10 ms. */
const CLOSEST_MS = 50
/** The kernel corrects these downwards, too. */
const CORRECTED = new Set(['idle', 'iowait'])

/** The last is not counted. */
const MODES = [...TICKS.slice(0, -1), 'busy']
const BUSY = MODES.length - 1

/**
 * `cpu.busy` is what is neither `idle` nor `iowait`; `cpu.user` and `cpu.nice` are without what guests used, as in mpstat.
 * A processor that is away has no rows, and its first row after that is compared with its last one before.
 */
export const processors = csvFile('cpu.csv', (columns, sink) => {
  const places = TICKS.map(name => columns.indexOf(name))
  const known = new Map<string, Processor>()
  const grown = new Float64Array(TICKS.length)
  return (at, cells) => {
    const name = cells[1] ?? ''
    const processor = keptIn(known, name, () => openProcessor(name.slice(3) || 'all', sink))
    const { ticks, puts } = processor
    if (at - processor.at < CLOSEST_MS) return
    processor.at = at
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number
      const now = place < 0 ? 0 : Number(cells[place])
      const by = grownBy(ticks[i] as number, now)
      grown[i] = Number.isNaN(by) && CORRECTED.has(TICKS[i] as string) ? 0 : by
      ticks[i] = now
    }
    let whole = 0
    for (let i = 0; i < WHOLE; i++) whole += grown[i] as number
    // not a number at the first row, and where one of them has been set back
    if (!(whole > 0)) return
    toModes(grown)
    for (let i = 0; i < puts.length; i++)
      puts[i]?.(at, ((i === BUSY ? whole - idleOf(grown) : (grown[i] as number)) / whole) * 100)
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

const idleOf = (grown: Float64Array): number => (grown[3] as number) + (grown[4] as number)

/** What guests used is taken out of `user` and `nice`; both kinds of guests become one. */
function toModes(grown: Float64Array): void {
  const [guest, guestNice] = [grown[8] as number, grown[9] as number]
  grown[0] = Math.max(0, (grown[0] as number) - guest)
  grown[1] = Math.max(0, (grown[1] as number) - guestNice)
  grown[8] = guest + guestNice
}
