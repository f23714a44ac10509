/** The file of the tool `proc-interrupts`: rates of each interrupt on each processor, and of all on each. */
import { grownBy } from '../../series/counter.ts'
import { csvFile } from './csv-file.ts'
import { keptIn } from './kept.ts'
import { Instants, sparse } from './sparse.ts'

/** Of these there is one counter for all processors. They are errors, and no interrupts. */
const ERRORS = new Set(['ERR', 'MIS'])
/** Function calls (CAL) have these in them, since Linux 4.8. */
const IN_OTHERS = 'TLB'

const COUNTER_BITS = 32

interface Row {
  at: number
  counts: Float64Array
  put(i: number, at: number, value: number): void
}

/** An interrupt that never came on a processor has no series there. */
export const procInterrupts = [
  csvFile('interrupts.csv', (columns, sink) => {
    const places = columns.flatMap((name, i) => (/^CPU\d+$/.test(name) ? [{ i, cpu: name.slice(3) }] : []))
    const whats = columns.lastIndexOf('what')
    const totals = places.map(({ cpu }) => sink.gauge('interrupts', { cpu }, '/s'))
    const known = new Map<string, Row>()
    const instants = new Instants()
    let [last, now] = [Number.NaN, Number.NaN]
    const sums = new Float64Array(places.length)
    const openRow = (irq: string, kind: string): Row => ({
      at: last,
      // one that was not in the samples before had not come: it was 0
      counts: new Float64Array(places.length).fill(Number.isNaN(last) ? Number.NaN : 0),
      put: sparse(instants, 1, i => {
        const cpu = places[i]?.cpu ?? ''
        return sink.gauge('interrupt.rate', ERRORS.has(irq) ? { irq, kind } : { irq, cpu, kind }, '/s')
      })
    })
    const endSample = () => {
      if (now > last) for (const [i, put] of totals.entries()) put(now, ((sums[i] as number) / (now - last)) * 1000)
    }
    const row = (time: number, cells: string[]) => {
      if (time !== now) {
        endSample()
        sums.fill(0)
        ;[last, now] = [now, time]
        instants.note(time)
      }
      const [irq = '', what = ''] = [cells[1], cells[whats]]
      const before = keptIn(known, `${irq} ${what}`, () => openRow(irq, what))
      const { counts, put } = before
      const isCounted = !ERRORS.has(irq) && irq !== IN_OTHERS
      const perSecond = 1000 / (time - before.at)
      for (let i = 0; i < places.length; i++) {
        const cell = cells[places[i]?.i as number]
        const count = cell === '' ? Number.NaN : Number(cell)
        const grown = grownBy(counts[i] as number, count, COUNTER_BITS)
        counts[i] = count
        if (isCounted && grown > 0) sums[i] = (sums[i] as number) + grown
        put(i, time, perSecond > 0 ? grown * perSecond : Number.NaN)
      }
      before.at = time
    }
    return Object.assign(row, { end: endSample })
  })
]
