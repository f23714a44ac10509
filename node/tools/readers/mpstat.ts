/** What mpstat prints: tables of processors and of NUMA nodes, each below names of columns that begin with a time. */

import type { FileAbout, SeriesReader, Sink } from '../../series/reader.ts'
import { wordsOf } from './cells.ts'
import { keptIn } from './kept.ts'
import { DayTimes, withinSecond } from './printed-times.ts'
import { jsonRow, measureRow, perSecond, shareRow, type WriteCells } from './sysstat-columns.ts'

/** Of `-I SCPU`; linux/interrupt.h. */
const SOFT = new Set('HI TIMER NET_TX NET_RX BLOCK BLOCK_IOPOLL IRQ_POLL TASKLET SCHED HRTIMER RCU'.split(' '))

export const mpstat: SeriesReader[] = [{ files: ['mpstat-stdout.txt'], open }]

function open(about: FileAbout, sink: Sink) {
  const times = new DayTimes(about.began)
  const known = new Map<string, WriteCells>()
  let names: string[] = []
  let at = Number.NaN
  const write = (columns: string[], cells: string[]) => {
    const key = `${columns.join(' ')} ${cells[0]}`
    const row = keptIn(known, key, () => openRow(columns, cells[0] ?? '', sink))
    row(at, cells)
  }
  return {
    line(text: string) {
      const time = times.read(text)
      if (time != null) {
        const cells = wordsOf(text.slice(time.length))
        if (cells[0] === 'CPU' || cells[0] === 'NODE') {
          names = cells.map(each => each.replace('%', ''))
          return
        }
        if (cells.length !== names.length)
          return sink.bad(`has ${cells.length} cells; there are ${names.length} columns`)
        at = withinSecond(time.at, about)
        return write(names, cells)
      }
      const [, stamp] = /^\s*"timestamp": "([^"]+)"/.exec(text) ?? []
      if (stamp != null) at = withinSecond(times.read(stamp)?.at ?? Number.NaN, about)
      const json = stamp == null ? jsonRow(text) : undefined
      if (json != null) write([(json.names[0] ?? '').toUpperCase(), ...json.names.slice(1)], json.cells)
      // the averages at its end begin with a word
      else if (/^\d/.test(text)) sink.bad('begins with no time')
    }
  }
}

function openRow(names: string[], of: string, sink: Sink): WriteCells {
  const isNode = names[0] === 'NODE'
  // -T says where a processor is
  if (names.includes('idle')) return shareRow(names, isNode ? { node: of } : { cpu: of }, sink)
  if (names[1] === 'intr/s') return measureRow(names, of === 'all' ? {} : { cpu: of }, sink, totals)
  const writers = names.map((name, i) => {
    if (i === 0 || !name.endsWith('/s')) return undefined
    const what = name.slice(0, -2)
    return SOFT.has(what)
      ? sink.gauge('softirq.rate', { cpu: of, kind: what }, '/s')
      : sink.gauge('interrupt.rate', { cpu: of, irq: what }, '/s')
  })
  return (at, cells) => {
    for (let i = 1; i < writers.length; i++) writers[i]?.(at, Number(cells[i]))
  }
}

const totals = (name: string) => (name === 'intr/s' ? perSecond('interrupts') : undefined)
