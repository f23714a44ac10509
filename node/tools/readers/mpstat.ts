/** What mpstat prints: tables of processors and of NUMA nodes, each below names of columns that begin with a time. */
import type { FileAbout, SeriesReader, Sink } from '../../series/reader.ts'
import { wordsOf } from './cells.ts'
import { keptIn } from './kept.ts'
import { DayTimes, withinSecond } from './printed-times.ts'
import { Instants, sparse } from './sparse.ts'
import { jsonRow, measureRow, perSecond, shareRow, type WriteCells } from './sysstat-columns.ts'

/** Of `-I SCPU`; linux/interrupt.h. */
const SOFT = new Set('HI TIMER NET_TX NET_RX BLOCK BLOCK_IOPOLL IRQ_POLL TASKLET SCHED HRTIMER RCU'.split(' '))

export const mpstat: SeriesReader[] = [{ files: ['mpstat-stdout.txt'], open }]

interface Table {
  names: string[]
  /** By processor or node. */
  rows: Map<string, WriteCells>
}

function open(about: FileAbout, sink: Sink) {
  const times = new DayTimes(about.began)
  const instants = new Instants()
  /** By their names of columns. */
  const tables = new Map<string, Table>()
  const tableOf = (names: string[]) => keptIn(tables, names.join(' '), () => ({ names, rows: new Map() }))
  let table: Table = { names: [], rows: new Map() }
  let at = Number.NaN
  const write = ({ names, rows }: Table, cells: string[]) => {
    const of = cells[0] ?? ''
    instants.note(at)
    keptIn(rows, of, () => openRow(names, of, sink, instants))(at, cells)
  }
  return {
    line(text: string) {
      const time = times.read(text)
      if (time != null) {
        const cells = wordsOf(text, time.length)
        if (cells[0] === 'CPU' || cells[0] === 'NODE') {
          table = tableOf(cells.map(each => each.replace('%', '')))
          return
        }
        if (cells.length !== table.names.length)
          return sink.bad(`has ${cells.length} cells; there are ${table.names.length} columns`)
        at = withinSecond(time.at, about)
        return write(table, cells)
      }
      const [, stamp] = /^\s*"timestamp": "([^"]+)"/.exec(text) ?? []
      if (stamp != null) at = withinSecond(times.read(stamp)?.at ?? Number.NaN, about)
      const json = stamp == null ? jsonRow(text) : undefined
      if (json != null) write(tableOf([(json.names[0] ?? '').toUpperCase(), ...json.names.slice(1)]), json.cells)
      // the averages at its end begin with a word
      else if (/^\d/.test(text)) sink.bad('begins with no time')
    }
  }
}

function openRow(names: string[], of: string, sink: Sink, instants: Instants): WriteCells {
  const isNode = names[0] === 'NODE'
  // -T says where a processor is
  if (names.includes('idle')) return shareRow(names, isNode ? { node: of } : { cpu: of }, sink)
  if (names[1] === 'intr/s') return measureRow(names, of === 'all' ? {} : { cpu: of }, sink, totals)
  const put = sparse(instants, instants.list.length - 1, i => {
    const what = (names[i] ?? '').replace(/\/s$/, '')
    return SOFT.has(what)
      ? sink.gauge('softirq.rate', { cpu: of, kind: what }, '/s')
      : sink.gauge('interrupt.rate', { cpu: of, irq: what }, '/s')
  })
  return (at, cells) => {
    for (let i = 1; i < cells.length; i++) put(i, at, Number(cells[i]))
  }
}

const totals = (name: string) => (name === 'intr/s' ? perSecond('interrupts') : undefined)
