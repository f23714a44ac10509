/** What `sadf -d -U` prints of sar.data: a table of each activity, below names of columns, with times in seconds since 1970. */
import type { FileAbout, LineReader, SeriesReader, Sink } from '../../series/reader.ts'
import { numberIn } from './cells.ts'
import { keptIn } from './kept.ts'
import { withinSecond } from './printed-times.ts'
import { activityOf } from './sar-activities.ts'
import { isMemory, memoryRow } from './sar-memory.ts'
import { Instants, sparse } from './sparse.ts'
import { diskRow, measureRow, shareRow, type WriteCells } from './sysstat-columns.ts'

/** Before the columns of an activity. */
const COMMON = ['hostname', 'interval', 'timestamp']

export const sar: SeriesReader[] = [
  { files: ['sar.data'], convert: path => ['sadf', '-d', '-U', path, '--', '-A'], open }
]

function open(about: FileAbout, sink: Sink): LineReader {
  let header = ''
  let names: string[] = []
  let rows = new Map<string, WriteCells>()
  /** Of the activity: each begins anew with the first sample. */
  let instants = new Instants()
  return {
    line(text) {
      if (text.startsWith('#')) {
        if (text === header) return
        header = text
        names = text.slice(1).trim().split(';').slice(COMMON.length)
        rows = new Map()
        instants = new Instants()
        return
      }
      const [, , stamp, ...cells] = text.split(';')
      // where sysstat was started anew, and comments
      if (cells.length === 1 && /^(LINUX-RESTART|COM )/.test(cells[0] ?? '')) return
      const second = numberIn(stamp) * 1000
      const isOfInterrupts = names[0] === 'INTR'
      if (names.length === 0 || Number.isNaN(second)) return sink.bad('is no row of an activity')
      if (cells.length !== names.length && !(isOfInterrupts && names[1] === 'CPU*'))
        return sink.bad(`has ${cells.length} cells; there are ${names.length} columns`)
      const key = isLabel(names[0]) ? (cells[0] as string) : ''
      const at = withinSecond(second, about)
      instants.note(at)
      keptIn(rows, key, () => openRow(names, key, sink, instants))(at, cells)
    }
  }
}

/** Names of things are in capitals, those of numbers are not. */
const isLabel = (name = '') => /^[A-Z]{2,}$/.test(name)

function openRow(names: string[], of: string, sink: Sink, instants: Instants): WriteCells {
  const [first = ''] = names
  const plain = names.map(name => name.replace('%', ''))
  if (first === 'CPU' && plain.includes('idle')) return shareRow(plain, { cpu: processor(of) }, sink)
  if (first === 'DEV') return diskRow(plain, of, sink)
  if (first === 'INTR') return interruptRow(of, sink, instants)
  if (isMemory(names)) return memoryRow(names, sink)
  const { columnOf, label } = activityOf(names)
  const labels = label == null ? {} : { [label]: label === 'cpu' ? processor(of) : of }
  return measureRow(names, isLabel(first) ? labels : {}, sink, (name: string) =>
    isLabel(name) ? undefined : columnOf(name)
  )
}

/** All together are -1. */
const processor = (name: string) => (name === '-1' ? 'all' : name)

/** The first cell is of all processors together, the others of one each; `sum` is all interrupts. */
function interruptRow(irq: string, sink: Sink, instants: Instants): WriteCells {
  const put = sparse(instants, instants.list.length - 1, i => {
    const cpu = i === 1 ? 'all' : `${i - 2}`
    if (irq === 'sum') return sink.gauge('interrupts', i === 1 ? {} : { cpu }, '/s')
    return sink.gauge('interrupt.rate', { irq, cpu }, '/s')
  })
  return (at, cells) => {
    for (let i = 1; i < cells.length; i++) put(i, at, numberIn(cells[i]))
  }
}
