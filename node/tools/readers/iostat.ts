/** What iostat prints: at each time the shares of all processors and a table of disks. */
import type { FileAbout, SeriesReader, Sink } from '../../series/reader.ts'
import { wordsOf } from './cells.ts'
import { keptIn } from './kept.ts'
import { DayTimes, isoTime, withinSecond } from './printed-times.ts'
import { diskRow, jsonRow, shareRow, type WriteCells } from './sysstat-columns.ts'

export const iostat: SeriesReader[] = [{ files: ['iostat-stdout.txt'], open }]

function open(about: FileAbout, sink: Sink) {
  const times = new DayTimes(about.began)
  const known = new Map<string, WriteCells>()
  let at = Number.NaN
  let names: string[] = []
  let device = -1
  const write = (kind: 'cpu' | 'disk', columns: string[], cells: string[], name: string) => {
    if (Number.isNaN(at)) return sink.bad('comes before the first time')
    const key = `${kind} ${columns.length} ${name}`
    const row = keptIn(known, key, () =>
      kind === 'cpu' ? shareRow(columns, { cpu: 'all' }, sink) : diskRow(columns, name, sink)
    )
    row(at, cells)
  }
  const json = (text: string) => {
    const [, stamp] = /^\s*"timestamp": "([^"]+)"/.exec(text) ?? []
    if (stamp != null) at = withinSecond(timeOf(stamp, times), about)
    const row = jsonRow(text)
    if (row == null) return
    const place = row.names.indexOf('disk_device')
    if (place >= 0) write('disk', row.names, row.cells, row.cells[place] ?? '')
    else if (row.names.includes('idle')) write('cpu', row.names, row.cells, 'all')
  }
  return {
    line(text: string) {
      if (text.trim() === '') {
        names = []
        return
      }
      if (/^[\s{]*"|^\s*[{}[\]]/.test(text)) return json(text)
      const time = timeOf(text, times)
      if (!Number.isNaN(time)) {
        at = withinSecond(time, about)
        return
      }
      const cells = wordsOf(text)
      if (cells[0] === 'avg-cpu:' || cells.some(each => /^Device:?$/.test(each))) {
        names = cells.slice(cells[0] === 'avg-cpu:' ? 1 : 0).map(each => each.replace('%', ''))
        device = names.findIndex(each => /^Device:?$/.test(each))
        return
      }
      // its first line says on what machine
      if (names.length === 0)
        return /^Linux /.test(text) ? undefined : sink.bad('comes before the names of the columns')
      if (cells.length !== names.length) return sink.bad(`has ${cells.length} cells; there are ${names.length} columns`)
      write(device < 0 ? 'cpu' : 'disk', names, cells, device < 0 ? 'all' : (cells[device] ?? ''))
    }
  }
}

/** In ISO 8601, or as a date and a time of the day. */
function timeOf(text: string, times: DayTimes): number {
  const iso = isoTime(text)
  if (!Number.isNaN(iso)) return iso
  const [, rest] = /^[\d./-]{8,10} (\d\d?:\d\d:\d\d.*)$/.exec(text.trim()) ?? []
  return (rest == null ? undefined : times.read(rest)?.at) ?? Number.NaN
}
