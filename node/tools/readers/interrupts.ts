/** The file of the tool `proc-interrupts`: rates of each interrupt on each processor, and of all on each. */
import type { Put } from '../../series/reader.ts'
import { csvFile } from './csv-file.ts'
import { grownBy } from './difference.ts'
import { keptIn } from './kept.ts'
import { unlessZero } from './sparse.ts'

/** Of these there is one counter for all processors. They are errors, and no interrupts. */
const ERRORS = new Set(['ERR', 'MIS'])
/** Function calls (CAL) have these in them, since Linux 4.8. */
const IN_OTHERS = 'TLB'

interface Row {
  at: number
  counts: number[]
  puts: Put[]
}

/** An interrupt that never came on a processor has no series there. */
export const procInterrupts = [
  csvFile('interrupts.csv', (columns, sink) => {
    const places = columns.flatMap((name, i) => (/^CPU\d+$/.test(name) ? [{ i, cpu: name.slice(3) }] : []))
    const whats = columns.lastIndexOf('what')
    const totals = places.map(({ cpu }) => sink.gauge('interrupts', { cpu }, '/s'))
    const known = new Map<string, Row>()
    let [last, now] = [Number.NaN, Number.NaN]
    let sums: number[] = []
    const openRow = (irq: string, kind: string): Row => ({
      // one that was not in the samples before had not come: it was 0
      ...{ at: last, counts: places.map(() => (Number.isNaN(last) ? Number.NaN : 0)) },
      puts: places.map(({ cpu }) =>
        unlessZero(() => sink.gauge('interrupt.rate', ERRORS.has(irq) ? { irq, kind } : { irq, cpu, kind }, '/s'))
      )
    })
    const endSample = () => {
      if (now > last) sums.forEach((sum, i) => void totals[i]?.(now, (sum / (now - last)) * 1000))
    }
    const row = (time: number, cells: string[]) => {
      if (time !== now) {
        endSample()
        ;[last, now, sums] = [now, time, places.map(() => 0)]
      }
      const [irq = '', what = ''] = [cells[1], cells[whats]]
      const key = `${irq} ${what}`
      const before = keptIn(known, key, () => openRow(irq, what))
      for (let i = 0; i < places.length; i++) {
        const cell = cells[places[i]?.i as number]
        const count = cell === '' ? Number.NaN : Number(cell)
        const grown = grownBy(before.counts[i] as number, count, true)
        before.counts[i] = count
        if (Number.isNaN(grown) || !(time > before.at)) continue
        if (!ERRORS.has(irq) && irq !== IN_OTHERS) sums[i] = (sums[i] as number) + grown
        before.puts[i]?.(time, (grown / (time - before.at)) * 1000)
      }
      before.at = time
    }
    return Object.assign(row, { end: endSample })
  })
]
